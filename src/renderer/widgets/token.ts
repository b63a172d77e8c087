/** The value of a colour of tokens.css now, for what takes no style sheet. */
export const token = (name: string): string => getComputedStyle(document.body).getPropertyValue(name).trim()
