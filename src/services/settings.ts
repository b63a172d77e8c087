/** What a profile is set to. */
import { Settings } from '../contract/api.ts'
import type { Services } from './context.ts'

const NAME = 'preferences'
const STANDARD: Settings = { autoResume: false, xla: false }

export function readSettings({ db }: Pick<Services, 'db'>): Settings {
  const stored = db.prepare('SELECT value FROM settings WHERE name = ?').pluck().get(NAME) as string | undefined
  return { ...STANDARD, ...(stored && Settings.partial().parse(JSON.parse(stored))) }
}

/** What an engine is started with holds for what it begins from then on. */
export function changeSettings(
  { db, renewEngines }: Pick<Services, 'db' | 'renewEngines'>,
  change: Partial<Settings>,
): Settings {
  const [before, after] = db
    .transaction(() => {
      const before = readSettings({ db })
      const after = { ...before, ...change }
      db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(NAME, JSON.stringify(after))
      return [before, after]
    })
    .immediate()
  if (before.xla !== after.xla) renewEngines()
  return after
}
