/** Studies are found by number or by name, and a name may look like a number. */
import { basename, dirname } from 'node:path'
import { AppError } from '../../contract/errors.ts'

export interface NamedThing {
  readonly id: number
  readonly name: string
}

/** The prefixes say which is meant. */
const isMeant = ({ id, name }: NamedThing, which: string) =>
  which === name || which === String(id) || which === `number:${id}` || which === `name:${name}`

/** The only study that is meant; `undefined`: none. Throws `AMBIGUOUS` where several are, with what to write for each. */
export function chosenByNumberOrName<Thing extends NamedThing>(
  which: string,
  all: readonly Thing[],
): Thing | undefined {
  const meant = all.filter(each => isMeant(each, which))
  if (meant.length < 2) return meant[0]
  const isUnique = (text: string) => all.filter(each => isMeant(each, text)).length === 1
  const each = meant.map(({ id, name }) => {
    const ways = [`number:${id}`, String(id), `name:${name}`]
    return `study ${id}, "${name}" (write ${ways.find(isUnique) ?? ways[0]})`
  })
  throw new AppError('AMBIGUOUS', `Expected one study, got "${which}", which means ${each.join(' and ')}.`)
}

const looksLikeNumber = (name: string) => /^\s*\d+\s*$/.test(name)

/** Refuses a study's name by which another one's number could be meant. */
export function requireUsableName(name: string): void {
  if (name.trim() !== '' && !looksLikeNumber(name) && !/^(?:number|name):/.test(name)) return
  const why = looksLikeNumber(name) ? 'it would be taken for a study’s number' : 'it does not tell a study from others'
  throw new AppError('INVALID_ARGUMENT', `Expected a study’s name, got "${name}": ${why}. Give it another name.`)
}

/** What a study of these files is called unless somebody names it: as the folder; where that is a number, with the one that it lies in. */
export function nameOfFolder(path: string): string {
  const name = basename(path) || path
  return looksLikeNumber(name) ? `${basename(dirname(path)) || 'study'}/${name}` : name
}
