/** Splits a line into words as a shell does, without variables and patterns. */
export function splitWords(line: string): string[] {
  const words = line.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g)
  const plain = (part: string) => {
    if (part.startsWith("'")) return part.slice(1, -1)
    if (part.startsWith('"')) return part.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1')
    return part.replaceAll(/\\(.)/g, '$1')
  }
  const parts = /"(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s"'\\])+/g
  return [...words].map(([word]) => [...word.matchAll(parts)].map(([part]) => plain(part)).join(''))
}
