/** Finds studies by number or by name. A name may look like a number. */
import { basename, dirname } from 'node:path'
import { AppError } from '../../contract/errors.ts'

export interface NamedThing {
  readonly id: number
  readonly name: string
}

/** Whether `which` names the thing. The prefixes `number:` and `name:` remove ambiguity. */
const isMeant = ({ id, name }: NamedThing, which: string) =>
  which === name || which === String(id) || which === `number:${id}` || which === `name:${name}`

/**
 * The study that `which` names. `undefined`: there is no such study. Throws `AMBIGUOUS` if several studies match. The
 * message says what to write for each study.
 */
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

/** Throws `INVALID_ARGUMENT` for a name that could be read as a study's number, or is empty. */
export function requireUsableName(name: string): void {
  if (name.trim() !== '' && !looksLikeNumber(name) && !/^(?:number|name):/.test(name)) return
  const why = looksLikeNumber(name) ? 'it would be read as a study’s number' : 'it does not identify a study'
  throw new AppError('INVALID_ARGUMENT', `Expected a study’s name, got "${name}": ${why}. Choose another name.`)
}

/** Default name of a study: the name of its folder. If this is a number, the parent folder's name is put before it. */
export function nameOfFolder(path: string): string {
  const name = basename(path) || path
  return looksLikeNumber(name) ? `${basename(dirname(path)) || 'study'}/${name}` : name
}
