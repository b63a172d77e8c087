/** What every service works on: a profile folder with its database, its queue, and the engine processes, started when first needed. */
import { randomBytes } from 'node:crypto'
import { AppError } from '../contract/errors.ts'
import { type Engine, startEngine } from '../engine/client.ts'
import { type InstallOptions, installEngine, locateEngine } from '../engine/install.ts'
import { type Bell, makeBell } from './bell.ts'
import { type Contents, makeContents } from './contents/reader.ts'
import { databaseError } from './db/errors.ts'
import { type Db, openDatabase, openSnapshot } from './db/index.ts'
import { holdEngine } from './engines.ts'
import { markInterrupted } from './interrupted.ts'
import { profileDirectory } from './profile.ts'
import { makeQueue, type Queue } from './queue.ts'
import { resumeInterrupted } from './resume.ts'
import type { Closing } from './runs/ending.ts'
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
  readonly onBusy?: (words: string | null) => void
  /** Ends at once; runs that wait or are in training here read `interrupted`. */
  dispose(): void
  /** Stops what is in training, waits until its state is written, and disposes. */
  close(how?: Closing): Promise<void>
}

export interface ServiceOptions {
  /** Profile folder; else SELF_MRI_PROFILE, else the operating system's data folder of this user. */
  readonly profile?: string
  readonly onInstall?: InstallOptions['onProgress']
  /** Behind a window nothing is installed unasked, and trainings give way to viewing. */
  readonly forWindow?: boolean
  /** Opens a copy of the profile in memory, and writes nothing. The profile may be missing or write-protected. */
  readonly readOnly?: boolean
  /** How long another program that holds the database is waited for, in milliseconds; then `DATABASE_BUSY` is thrown. */
  readonly patience?: number
  /** Called with words when a result waits because another program holds the database, and with `null` when the wait ends. */
  readonly onBusy?: Services['onBusy']
}

/** `nice` of the engine that trains behind a window: a slice that is looked at goes first. */
const TRAINING_NICENESS = 10

/** The profile's salt, drawn once. */
function readSalt(db: Db): string {
  const read = () => db.prepare("SELECT value FROM settings WHERE name = 'salt'").pluck().get() as string | undefined
  const draw = () =>
    db
      .prepare("INSERT INTO settings (name, value) VALUES ('salt', ?) ON CONFLICT DO NOTHING")
      .run(randomBytes(16).toString('hex'))
  if (read() === undefined) draw() // a write may have to wait: only the first opening writes
  return read()!
}

/** What opening writes, where there is something to write. */
function completeOrClose(db: Db, complete: (db: Db) => void, directory: string): void {
  try {
    complete(db)
  } catch (error) {
    db.close()
    throw databaseError(error, directory)
  }
}

function installedEngine() {
  const installed = locateEngine()
  if (installed) return installed
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install it first.')
}

export function openServices({
  profile,
  onInstall,
  onBusy,
  forWindow = false,
  readOnly = false,
  patience,
}: ServiceOptions = {}): Services {
  const directory = profileDirectory(profile)
  const bell = makeBell()
  const complete = (db: Db) => {
    readSalt(db)
    markInterrupted({ db, bell, profile: directory }, { atStart: true })
  }
  const db = readOnly ? openSnapshot(directory, complete, { patience }) : openDatabase(directory, { patience })
  if (!readOnly) completeOrClose(db, complete, directory)
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
    onBusy,
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
    async close(how) {
      await queue?.stop(how)
      services.dispose()
    },
  }
  if (forWindow) resumeInterrupted(services).catch(error => console.error(error))
  return services
}
