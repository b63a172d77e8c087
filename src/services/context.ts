/** What every service works on: a profile folder with its database, its queue, and the engine processes, started when first needed. */
import { randomBytes } from 'node:crypto'
import { AppError } from '../contract/errors.ts'
import { type Engine, startEngine } from '../engine/client.ts'
import { type InstallOptions, installEngine, locateEngine } from '../engine/install.ts'
import { type Bell, makeBell } from './bell.ts'
import { type Contents, makeContents } from './contents/reader.ts'
import { type Db, openDatabase } from './db/index.ts'
import { holdEngine } from './engines.ts'
import { markInterrupted } from './interrupted.ts'
import { profileDirectory } from './profile.ts'
import { makeQueue, type Queue } from './queue.ts'
import { resumeInterrupted } from './resume.ts'
import { readSettings } from './settings.ts'

export interface Services {
  readonly profile: string
  readonly db: Db
  /** Patient ids are hashed with it; it never leaves this profile. */
  readonly salt: string
  /** Rung when the database holds something new. */
  readonly bell: Bell
  /** Trainings that wait for their turn. */
  readonly queue: Queue
  /** What is in volumes' files. */
  readonly contents: Contents
  /** Engine for training and evaluation. Without TensorFlow it is installed first, or for a window `ENGINE_UNAVAILABLE` is thrown. */
  jobs(signal?: AbortSignal): Promise<Engine>
  /** Engine for looking at files, and for reading and writing them, which needs no TensorFlow. */
  readonly interactive: Engine
  /** The engine processes that live now. */
  readonly engines: readonly Engine[]
  /** Later calls go to new engine processes: TensorFlow has been installed or changed. */
  renewEngines(): void
  readonly onInstall: InstallOptions['onProgress']
  /** Ends at once; runs that wait or are in training here read `interrupted`. */
  dispose(): void
  /** Stops what is in training, waits until its state is written, and disposes. */
  close(): Promise<void>
}

export interface ServiceOptions {
  /** Profile folder; else SELF_MRI_PROFILE, else the operating system's data folder of this user. */
  readonly profile?: string
  readonly onInstall?: InstallOptions['onProgress']
  /** Behind a window nothing is installed unasked, and trainings give way to viewing. */
  readonly forWindow?: boolean
}

/** `nice` of the engine that trains behind a window: a slice that is looked at goes first. */
const TRAINING_NICENESS = 10

/** The profile's salt, drawn once. */
function readSalt(db: Db): string {
  db.prepare('INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING').run(
    'salt',
    randomBytes(16).toString('hex'),
  )
  return (db.prepare("SELECT value FROM settings WHERE name = 'salt'").get() as { value: string }).value
}

function installedEngine() {
  const installed = locateEngine()
  if (installed) return installed
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install it first.')
}

export function openServices({ profile, onInstall, forWindow = false }: ServiceOptions = {}): Services {
  const directory = profileDirectory(profile)
  const db = openDatabase(directory)
  const bell = makeBell()
  markInterrupted({ db, bell }, { atStart: true })
  const interactive = holdEngine()
  const jobs = holdEngine()
  /** Whether the interactive engine was started with TensorFlow. */
  let computes = false
  let queue: Queue | null = null
  let contents: Contents | null = null

  const services: Services = {
    profile: directory,
    db,
    salt: readSalt(db),
    bell,
    onInstall,
    get contents() {
      contents ??= makeContents(services)
      return contents
    },
    get queue() {
      queue ??= makeQueue(services)
      return queue
    },
    async jobs(signal) {
      if (jobs.current) return jobs.current
      const installed = forWindow ? installedEngine() : await installEngine({ onProgress: onInstall, signal })
      const { xla } = readSettings({ db })
      return jobs.get(() => startEngine(installed, { xla, niceness: forWindow ? TRAINING_NICENESS : 0 }))
    },
    get interactive() {
      if (!computes && locateEngine()) interactive.retire() // installed since, perhaps by another program
      return interactive.get(() => {
        const installed = locateEngine()
        computes = installed !== null
        return startEngine(installed)
      })
    },
    get engines() {
      return [interactive.current, jobs.current].filter(engine => engine !== null)
    },
    renewEngines() {
      interactive.retire()
      jobs.retire()
    },
    dispose() {
      queue?.abandon()
      interactive.dispose()
      jobs.dispose()
      db.close()
    },
    async close() {
      await queue?.stop()
      services.dispose()
    },
  }
  if (forWindow) resumeInterrupted(services).catch(error => console.error(error))
  return services
}
