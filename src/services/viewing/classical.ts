/** Classical sources by name, and settings that the user named. */
import { z } from 'zod'
import { type ClassicalChoice, ClassicalId, classicalSource } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import { NamedSettings, type Tuning } from '../../contract/tuning.ts'
import { some } from '../../contract/words.ts'
import { classicalMethod } from '../../core/mri/sense/index.ts'
import type { Profile } from '../profile/profile.ts'
import { chosenSettings } from '../runs/chosen-settings.ts'

interface Row {
  readonly id: number
  readonly method: string
  readonly name: string
  readonly config: string
  readonly tuning: string | null
  readonly created_at: string
}

const toSettings = ({ id, method, name, config, tuning, created_at }: Row): NamedSettings => ({
  id,
  classical: ClassicalId.parse(method),
  name,
  config: JSON.parse(config),
  tuning: tuning === null ? null : JSON.parse(tuning),
  createdAt: created_at,
})

/** All named settings that are not hidden, in the order in which they were saved. */
export const namedSettings = ({ db }: Profile): NamedSettings[] =>
  (db.prepare('SELECT * FROM classical_settings WHERE hidden_at IS NULL ORDER BY id').all() as Row[]).map(toSettings)

const rowOf = ({ db }: Profile, id: number | string) =>
  db.prepare('SELECT * FROM classical_settings WHERE id = ?').get(id) as Row | undefined

const listed = (settings: readonly NamedSettings[]) =>
  settings.length > 0
    ? `There are ${some(settings.map(({ classical, id, name }) => `${classical}:${id} (${name})`))}`
    : 'There are none yet. Save settings with: self-mri classical save METHOD --name NAME'

/**
 * The method and its complete settings. Settings that are hidden are found too. `null`: not the name of a classical
 * source. Throws `INVALID_ARGUMENT` for a number that the method does not have.
 */
export function classicalNamed(profile: Profile, source: string): ClassicalChoice | null {
  const { method: classical, settings: id } = classicalSource(source) ?? {}
  if (classical === undefined) return null
  const schema = classicalMethod(classical).config
  if (id === undefined) return { classical, config: schema.parse({}) }
  const row = rowOf(profile, id)
  if (row?.method === classical) return { classical, config: schema.parse(JSON.parse(row.config)) }
  const there = namedSettings(profile).filter(each => each.classical === classical)
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected the number of settings of ${classical}, got ${source}. ${listed(there)}.`,
  )
}

/** The named settings of a source. Hidden settings are found too. `null`: default settings, or no classical source. */
export function settingsOf(profile: Profile, source: string): NamedSettings | null {
  const id = classicalSource(source)?.settings
  const row = id === undefined ? undefined : rowOf(profile, id)
  return row ? toSettings(row) : null
}

/** A method by its name. Throws `INVALID_ARGUMENT` for an unknown method. */
export function classicalId(name: string): ClassicalId {
  const id = ClassicalId.safeParse(name)
  if (id.success) return id.data
  throw new AppError('INVALID_ARGUMENT', `Expected a method of ${ClassicalId.options.join(', ')}, got ${name}`)
}

export interface SettingsToSave {
  readonly classical: ClassicalId
  readonly name: string
  /** Settings that are left out have their defaults. */
  readonly config: unknown
  readonly tuning?: Tuning
}

const Name = z.object({ name: NamedSettings.shape.name })

/**
 * Saves settings, or finds equal settings of this name, and shows them. Throws `INVALID_ARGUMENT` that names each
 * invalid setting.
 */
export function saveSettings(
  profile: Profile,
  { classical, name: given, config, tuning }: SettingsToSave,
): NamedSettings {
  const { label, config: schema } = classicalMethod(classical)
  const { name } = chosenSettings(Name, { name: given.trim() }, { of: label }) as z.infer<typeof Name>
  const row = {
    method: classical,
    name,
    config: JSON.stringify(chosenSettings(schema, config, { of: label })),
    tuning: tuning === undefined ? null : JSON.stringify(tuning),
  }
  const { db } = profile
  const write = db.transaction(() => {
    const equal = db
      .prepare(
        `SELECT id FROM classical_settings WHERE method = @method AND name = @name AND config = @config
          AND (@tuning IS NULL OR tuning = @tuning) ORDER BY id`,
      )
      .pluck()
      .get(row) as number | undefined
    if (equal !== undefined) {
      db.prepare('UPDATE classical_settings SET hidden_at = NULL WHERE id = ?').run(equal)
      return equal
    }
    const insert = db.prepare(
      `INSERT INTO classical_settings (method, name, config, tuning, created_at)
        VALUES (@method, @name, @config, @tuning, @now)`,
    )
    return Number(insert.run({ ...row, now: new Date().toISOString() }).lastInsertRowid)
  })
  // A transaction that reads first would not wait for another program.
  const id = write.immediate()
  profile.bell.ring()
  return toSettings(rowOf(profile, id)!)
}

/** The name, or with a number if other settings of the method have the name: 'Tuned on knees (2)'. */
export function freeSettingsName(
  { db }: Profile,
  name: string,
  { classical, config, tuning }: Omit<SettingsToSave, 'name'>,
): string {
  const others = db.prepare(
    'SELECT 1 FROM classical_settings WHERE name = ? AND method = ? AND NOT (config = ? AND tuning IS ?)',
  )
  const own = [classical, JSON.stringify(config), tuning ? JSON.stringify(tuning) : null]
  let free = name
  for (let n = 2; others.get(free, ...own); n++) free = `${name} (${n})`
  return free
}

/** Hides named settings, or shows them again. Results that were made with them stay. */
export function setSettingsHidden(profile: Profile, id: number, hidden: boolean): NamedSettings {
  const row = rowOf(profile, id)
  if (!row) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected the number of named settings, got ${id}. ${listed(namedSettings(profile))}.`,
    )
  }
  profile.db
    .prepare('UPDATE classical_settings SET hidden_at = ? WHERE id = ?')
    .run(hidden ? new Date().toISOString() : null, id)
  profile.bell.ring()
  return toSettings(row)
}
