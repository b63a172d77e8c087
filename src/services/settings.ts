/** What a profile is set to. */
import { Settings } from '../contract/api.ts'
import type { Services } from './context.ts'

const NAME = 'preferences'
const STANDARD: Settings = { autoResume: false }

export function readSettings({ db }: Pick<Services, 'db'>): Settings {
  const stored = db.prepare('SELECT value FROM settings WHERE name = ?').pluck().get(NAME) as string | undefined
  return { ...STANDARD, ...(stored && Settings.partial().parse(JSON.parse(stored))) }
}

export function changeSettings({ db }: Pick<Services, 'db'>, change: Partial<Settings>): Settings {
  return db
    .transaction(() => {
      const settings = { ...readSettings({ db }), ...change }
      db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(NAME, JSON.stringify(settings))
      return settings
    })
    .immediate()
}
