/** What every service works on: a profile folder with its database, and the two engine processes, started when first needed. */
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import process from 'node:process'
import envPaths from 'env-paths'
import { type Engine, startEngine } from '../engine/client.ts'
import { type InstallOptions, installEngine, locateEngine } from '../engine/install.ts'
import { type Db, openDatabase } from './db/index.ts'

export interface Services {
  readonly profile: string
  readonly db: Db
  /** Patient ids are hashed with it; it never leaves this profile. */
  readonly salt: string
  /** Engine for training and evaluation; TensorFlow is installed first where it is missing. */
  jobs(signal?: AbortSignal): Promise<Engine>
  /** Engine for reading and writing files, which needs no TensorFlow. */
  readonly interactive: Engine
  readonly onInstall: InstallOptions['onProgress']
  dispose(): void
}

export interface ServiceOptions {
  /** Profile folder; else SELF_MRI_PROFILE, else the operating system's data folder of this user. */
  readonly profile?: string
  readonly onInstall?: InstallOptions['onProgress']
}

/** A user's path: relative to where the command was called, which `npm run` leaves. */
export const callersPath = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path)

export function profileDirectory(chosen?: string): string {
  const path = chosen ?? process.env.SELF_MRI_PROFILE
  return path ? callersPath(path) : envPaths('self-mri', { suffix: '' }).data
}

/** The profile's salt, drawn once. */
function readSalt(db: Db): string {
  db.prepare('INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING').run(
    'salt',
    randomBytes(16).toString('hex'),
  )
  return (db.prepare("SELECT value FROM settings WHERE name = 'salt'").get() as { value: string }).value
}

/** Runs whose process is gone did not end by themselves: an application crash, a machine restart. */
function markInterrupted(db: Db): void {
  const alive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
  const running = db.prepare("SELECT id, pid FROM runs WHERE status = 'running'").all() as { id: number; pid: number }[]
  const update = db.prepare("UPDATE runs SET status = 'interrupted', reason = ?, finished_at = ? WHERE id = ?")
  for (const { id, pid } of running) {
    if (!alive(pid))
      update.run(`The program (process ${pid}) ended while the run was going on.`, new Date().toISOString(), id)
  }
}

export function openServices({ profile, onInstall }: ServiceOptions = {}): Services {
  const directory = profileDirectory(profile)
  const db = openDatabase(directory)
  markInterrupted(db)
  let jobs: Promise<Engine> | null = null
  let interactive: Engine | null = null
  const start = async (signal?: AbortSignal) => startEngine(await installEngine({ onProgress: onInstall, signal }))
  return {
    profile: directory,
    db,
    salt: readSalt(db),
    onInstall,
    jobs: signal => (jobs ??= start(signal)),
    get interactive() {
      interactive ??= startEngine(locateEngine())
      return interactive
    },
    dispose() {
      interactive?.dispose()
      jobs?.then(engine => engine.dispose()).catch(() => {})
      db.close()
    },
  }
}

export const runDirectory = (services: Services, run: string): string => join(services.profile, 'runs', run)
