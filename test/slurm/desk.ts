/** What tests of jobs share: a cluster, a small study, profiles, and trainings that wait until a test lets them go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { RunRow } from '../../src/contract/runs.ts'
import { writeNoise } from '../unit/engine/files/noise-file.ts'
import { weightsOf } from '../weights.ts'
import { type Cluster, type NodeName, startCluster } from './cluster.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FAULTY = join(root, 'test/faulty-engine.mjs')
const PATIENCE = { timeout: 120_000, interval: 50 }

/** A job with one core, and with a pretended GPU that Self-MRI does not ask for. */
export const AS_JOB = '--executor slurm --partition normal --cpus 1 --sbatch=--gres=gpu:1'.split(' ')
/** A held training waits at the end of this epoch. */
const HELD_EPOCH = 6
export const TRAIN =
  `train --study noise --channels 2 --pools 2 --batch 1 --epochs 40 --milestones ${HELD_EPOCH}`.split(' ')

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

interface Command {
  /** Sends a signal to the command and its engines. */
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Ended>
  /** Waits for something that fails if the command ends with an error. */
  meanwhile<T>(happens: Promise<T>): Promise<T>
  /** Waits until the command has written these words to standard error. */
  says(words: RegExp): Promise<void>
}

/** A profile with a study of noise. */
export interface Desk {
  readonly folder: string
  /** Starts a command, in a process group of its own. */
  start(...args: readonly string[]): Command
  startWith(more: Readonly<Record<string, string>>, ...args: readonly string[]): Command
  json<T>(...args: readonly string[]): Promise<T>
  /** Resumes a run as a job. */
  resume(run: string): Command
  /** The newest run. */
  newest(): Promise<RunRow>
  /** Starts a training as a job, which waits at the end of an epoch until `go` is called. */
  hold(...options: readonly string[]): Promise<Held>
}

export interface Held {
  readonly command: Command
  readonly run: string
  /** Slurm's number of the job. */
  readonly job: string
  readonly node: NodeName
  /** Waits until the job's log has these words. */
  logs(words: RegExp): Promise<void>
  go(): void
}

export interface Lab {
  readonly cluster: Cluster
  makeDesk(name: string): Promise<Desk>
  /** The training has ended, with each epoch once, and with the weights of a training on this machine. */
  expectWhole(ended: Ended): RunRow
  dispose(): Promise<void>
}

/** Calls `look` until it throws no error. */
const until = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, PATIENCE)

async function writeStudy(folder: string): Promise<void> {
  for (const [role, slices] of [
    ['train', 4],
    ['val', 1],
    ['test', 1],
  ] as const) {
    mkdirSync(join(folder, role), { recursive: true })
    await writeNoise(join(folder, role), role, { slices, rows: 32, columns: 32 })
  }
}

/** Commands that have not ended, because a test failed. */
const living = new Set<ChildProcess>()

function run(args: readonly string[], env: Readonly<Record<string, string>>): Command {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  living.add(child)
  const ended = new Promise<Ended>(resolve =>
    child.on('exit', () => living.delete(child)).on('close', status => resolve({ status, out, err })),
  )
  const failed = ended.then(({ status }) => {
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${err}`)
    return new Promise<never>(() => {})
  })
  failed.catch(() => {}) // A test may expect the failure.
  const meanwhile = <T>(happens: Promise<T>) => Promise.race([happens, failed])
  return {
    signal: name => process.kill(-child.pid!, name),
    ended,
    meanwhile,
    says: words => meanwhile(until(() => expect(err).toMatch(words))),
  }
}

async function openDesk(folder: string, study: string, cluster: Cluster): Promise<Desk> {
  // Jobs have one core, so trainings of this machine have one thread. Jobs do not get this variable.
  const env = { ...cluster.env, SELF_MRI_PROFILE: folder, SELF_MRI_SLURM_POLL: '0.5', TF_NUM_INTRAOP_THREADS: '1' }
  const startWith: Desk['startWith'] = (more, ...args) => run(args, { ...env, ...more })
  const start: Desk['start'] = (...args) => startWith({}, ...args)
  async function json<T>(...args: readonly string[]): Promise<T> {
    const { status, out, err } = await start(...args, '--json').ended
    expect(status, err).toBe(0)
    return JSON.parse(out)
  }
  const newestRun = () =>
    String(Math.max(0, ...(existsSync(join(folder, 'runs')) ? readdirSync(join(folder, 'runs')).map(Number) : [])))

  async function hold(...options: readonly string[]): Promise<Held> {
    const former = newestRun()
    const file = `${folder}-hold-${former}`
    writeFileSync(file, '')
    const engine = `SELF_MRI_NODE=${process.execPath} SELF_MRI_NODE_FLAGS='--import ${FAULTY}' TEST_HOLD=${file}`
    const command = start(...TRAIN, ...AS_JOB, '--setup', `export ${engine}`, ...options, '--json')
    const id = await command.meanwhile(
      until(() => {
        expect(newestRun()).not.toBe(former)
        return newestRun()
      }),
    )
    const job = join(folder, 'runs', id, 'job')
    const reads = (name: string, words: RegExp) =>
      until(() => expect(readFileSync(join(job, name), 'utf8')).toMatch(words))
    await command.meanwhile(reads('events.jsonl', new RegExp(`"type":"epoch","figures":{"epoch":${HELD_EPOCH},`)))
    const number: string = JSON.parse(readFileSync(join(job, 'job.json'), 'utf8')).id
    const node = (await cluster.ask('squeue', '-h', '-j', number, '-o', '%N')) as NodeName
    return { command, run: id, job: number, node, logs: words => reads('slurm.log', words), go: () => rmSync(file) }
  }

  await json('import', study)
  return {
    folder,
    start,
    startWith,
    json,
    hold,
    resume: run => start('runs', 'resume', run, ...AS_JOB, '--json'),
    newest: async () => (await json<RunRow[]>('runs')).at(-1)!,
  }
}

export async function openLab(): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-jobs-'))
  const study = join(folder, 'noise')
  await writeStudy(study)
  const cluster = await startCluster()
  const makeDesk = (name: string) => openDesk(join(folder, name), study, cluster)
  const { checkpoint } = await (await makeDesk('here')).json<RunRow>(...TRAIN)
  const reference = weightsOf(checkpoint!.path)
  return {
    cluster,
    makeDesk,
    expectWhole({ status, out, err }) {
      expect(status, err).toBe(0)
      const row: RunRow = JSON.parse(out)
      expect(row).toMatchObject({ status: 'finished', epochs: { done: 40, planned: 40 }, job: { state: 'ended' } })
      expect(weightsOf(row.checkpoint!.path)).toEqual(reference)
      return row
    },
    async dispose() {
      for (const { pid } of living) process.kill(-pid!, 'SIGKILL')
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
