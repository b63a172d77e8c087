/** The settings of a profile. */
import { Settings } from '../../contract/api.ts'
import { Execution } from '../../contract/execution.ts'
import { statementOf } from './db/statement.ts'
import type { Profile } from './profile.ts'

const NAME = 'preferences'
const STANDARD: Settings = { autoResume: false, xla: false, execution: Execution.parse({}) }

/** Trainings that wait for a place read the settings several times a second. */
export function readSettings({ db }: Profile): Settings {
  const read = statementOf(db, 'SELECT value FROM settings WHERE name = ?').pluck()
  const stored = read.get(NAME) as string | undefined
  return { ...STANDARD, ...(stored && Settings.partial().parse(JSON.parse(stored))) }
}

/** Settings with which engine processes start. */
const ofEngines = ({ xla, execution: { devices, slots } }: Settings) => ({ xla, devices, slots })

/** Changes settings. Renews the engines if a setting of theirs has changed. */
export function changeSettings(profile: Profile, engines: { renew(): void }, change: Partial<Settings>): Settings {
  const [before, after] = profile.db
    .transaction(() => {
      const before = readSettings(profile)
      const after = { ...before, ...change }
      profile.db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(NAME, JSON.stringify(after))
      return [before, after]
    })
    .immediate()
  profile.settingsBell.ring()
  if (JSON.stringify(ofEngines(before)) !== JSON.stringify(ofEngines(after))) engines.renew()
  return after
}
