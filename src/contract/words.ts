/** Lists, shares and names of options in messages. */

/** The first names, and the number of further names. */
export const some = (names: readonly string[], most = 8): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')

/** A share of 1 in percent, with two digits. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`

/** The option of a setting on the command line: 'virtualCoils' becomes 'virtual-coils'. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
