/**
 * Compares two trainings. The first is undisturbed. The second is killed again and again, at seeded random moments, and
 * resumed each time. Both must end with equal results. The kills take turns: the host, its engine alone, the host while
 * it writes a state, and the host by signals.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunDetail } from '../src/contract/runs.ts'
import { RandomState } from '../src/core/mri/random.ts'
import { decodeCheckpoint } from '../src/core/training/checkpoint.ts'
import { sha256 } from '../src/engine/files/whole-files.ts'
import { end, type Host, startHost } from './hosts.ts'
import { writeNoise } from './unit/engine/files/noise-file.ts'

export interface SoakOptions {
  /** A folder that only this soak test uses. */
  readonly folder: string
  readonly seed: number
  readonly kills: number
  readonly channels: number
  /** Side of the images, pixels. */
  readonly size: number
  /** Training slices, in volumes of four. An epoch has as many steps. */
  readonly slices: number
  readonly epochs: number
  readonly saveMinutes: number
  readonly say?: (line: string) => void
}

/** The results of a run that must not depend on the number of kills. */
interface Remains {
  /** Hashes of the kept weights and of the last weights. */
  readonly hashes: readonly string[]
  /** Hashes of the newest state's parameters and optimizer slots. */
  readonly state: readonly string[]
  /** The rows of the epochs, without their seconds. */
  readonly epochs: readonly object[]
  /** The epochs in the log, and the epochs in `epochs.csv`, in order. */
  readonly told: readonly number[]
  readonly csv: readonly number[]
}

export interface Soak {
  readonly undisturbed: Remains
  readonly disturbed: Remains
  readonly kills: readonly string[]
  /** Resident memory of the undisturbed run's engine in bytes, once per second. */
  readonly residentBytes: readonly number[]
  /** Seconds of steps that the two runs counted. */
  readonly stepSeconds: readonly [number, number]
}

/** The engine writes states slowly, so that a kill can hit the write of a state. */
const SLOW_WRITES = { TEST_SLOW_WRITES: '200' }

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // The process has ended, or the file does not exist.
  }
}

const niceness = (pid: number) => Number(read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[16])

/** The process of the host's training engine. It is the only child with a higher niceness than the host. */
function jobsEngine({ child }: Host): number | null {
  const children = read(`/proc/${child.pid}/task/${child.pid}/children`).split(' ').filter(Boolean).map(Number)
  return children.find(pid => niceness(pid) > niceness(child.pid!)) ?? null
}

const residentBytes = (pid: number) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)

async function importStudy({ client }: Host, path: string): Promise<number> {
  for await (const event of await client.studies.import({ paths: [path] }))
    if (event.type === 'done') return event.result.id
  throw new Error('The study was not imported')
}

async function start({ client }: Host, study: number, options: SoakOptions): Promise<string> {
  const { runs } = await client.runs.start({
    study,
    method: null,
    networkConfig: { channels: options.channels, pools: 3 },
    recipe: {
      epochs: options.epochs,
      batch: 1,
      optimizer: { kind: 'adam' },
      schedule: { kind: 'cosine', rate: 1e-3, end: 0 },
      saveMinutes: options.saveMinutes,
    },
  })
  return runs[0]
}

/** Yields the number of steps done, twice per second. Returns the final status of the run. */
async function* follow({ client }: Host, run: string): AsyncGenerator<number, string> {
  const { events } = await client.runs.get({ run })
  for await (const event of await client.app.watch({ afterSeq: events.at(-1)?.seq ?? 0 })) {
    if (event.type !== 'run' || event.logged.run !== run) continue
    const { event: told } = event.logged
    if (told.type === 'step') yield told.step
    if (told.type === 'status' && !['queued', 'running'].includes(told.status)) return told.status
  }
  throw new Error('The stream ended')
}

const figures = ({ events }: RunDetail) =>
  events.flatMap(({ event }) => (event.type === 'epoch' ? [event.figures] : []))

function remains(directory: string, detail: RunDetail): Remains {
  const states = readdirSync(directory)
    .filter(name => name.startsWith('state-'))
    .sort()
  const state = decodeCheckpoint(readFileSync(join(directory, states.at(-1)!)), 'state')
  const epochs = figures(detail)
  return {
    hashes: detail.checkpoints
      .filter(({ role, epoch }) => role === 'last' || epoch === detail.run.keptEpoch)
      .flatMap(({ role, path, sha256: written }) => [role, written, sha256(readFileSync(path))]),
    state: Array.from(
      state.tensors,
      ([name, { data }]) => `${name} ${sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`,
    ),
    epochs: epochs.map(({ seconds: _, ...rest }) => rest),
    told: epochs.map(({ epoch }) => epoch),
    csv: read(join(directory, 'epochs.csv'))
      .trim()
      .split('\n')
      .slice(1)
      .map(line => Number(line.split(',')[0])),
  }
}

async function leaveAlone(options: SoakOptions, study: string) {
  const host = await startHost(options.folder, 'undisturbed')
  const resident: number[] = []
  const sampling = setInterval(() => {
    const pid = jobsEngine(host)
    if (pid !== null) resident.push(residentBytes(pid))
  }, 1000)
  try {
    const run = await start(host, await importStudy(host, study), options)
    const steps = follow(host, run)
    while (!(await steps.next()).done);
    const detail = await host.client.runs.get({ run })
    const directory = join(options.folder, 'undisturbed', 'runs', run)
    return { remains: remains(directory, detail), seconds: detail.run.summary!.seconds.steps, resident }
  } finally {
    clearInterval(sampling)
    await end(host, 'SIGTERM')
  }
}

const KILLS = ['host SIGKILL', 'engine SIGKILL', 'host SIGKILL in a write', 'host SIGHUP', 'host SIGTERM'] as const
type Kill = (typeof KILLS)[number]

const isWriting = (directory: string) => {
  try {
    return readdirSync(directory).some(name => name.endsWith('.part'))
  } catch {
    return false
  }
}

async function kill(host: Host, how: Kill, directory: string): Promise<void> {
  const signal = (['SIGTERM', 'SIGHUP'] as const).find(each => how.includes(each)) ?? 'SIGKILL'
  if (how.startsWith('engine')) return void process.kill(jobsEngine(host)!, signal)
  if (how.endsWith('write')) while (!isWriting(directory)) await sleep(3)
  await end(host, signal)
}

async function killAgainAndAgain(options: SoakOptions, study: string) {
  const { folder, kills: wanted, epochs, slices, say = () => {} } = options
  const random = RandomState.fromKey([options.seed])
  // All kills are in the first half, because steps are reported only twice a second, and no kill may come too late.
  const moments = Array.from({ length: wanted }, () => Math.floor(random.uniform() * 0.5 * epochs * slices)).sort(
    (a, b) => a - b,
  )
  const kills: string[] = []
  const directory = join(folder, 'disturbed', 'runs', '1')
  let host = await startHost(folder, 'disturbed', SLOW_WRITES)
  try {
    const run = await start(host, await importStudy(host, study), options)
    while (true) {
      const how = KILLS[kills.length % KILLS.length]
      const moment = kills.length < wanted ? moments[kills.length] : Number.POSITIVE_INFINITY
      let status: string | null = null
      let killed = false
      const steps = follow(host, run)
      while (status === null && !(killed && how.startsWith('host'))) {
        const { value, done } = await steps.next()
        if (done) status = value
        else if (!killed && value >= moment) {
          await sleep(random.uniform() * 100)
          await kill(host, how, directory)
          killed = true
          kills.push(`${how} after step ${value}`)
          say(`${kills.length}: ${kills.at(-1)}`)
        }
      }
      if (status === 'finished') break
      if (killed && how.startsWith('host')) {
        await steps.return('').catch(() => {})
        host = await startHost(folder, 'disturbed', SLOW_WRITES)
      }
      const { run: view } = await host.client.runs.get({ run })
      if (!view.resumable) throw new Error(`Run ${run} is ${view.status} and cannot go on: ${view.reason}`)
      await host.client.runs.resume({ run })
    }
    const detail = await host.client.runs.get({ run })
    return { remains: remains(directory, detail), seconds: detail.run.summary!.seconds.steps, kills }
  } finally {
    await end(host, 'SIGTERM')
  }
}

export async function soak(options: SoakOptions): Promise<Soak> {
  const { folder, size, slices, say = () => {} } = options
  const study = join(folder, 'study')
  for (const [role, count] of [
    ['train', slices / 4],
    ['val', 1],
  ] as const) {
    mkdirSync(join(study, role), { recursive: true })
    for (let i = 0; i < count; i++)
      await writeNoise(join(study, role), `${role}${i}`, { slices: 4, rows: size, columns: size })
  }
  const alone = await leaveAlone(options, study)
  say(`undisturbed: ${alone.seconds.toFixed(1)} s of steps`)
  const killed = await killAgainAndAgain(options, study)
  rmSync(study, { recursive: true })
  return {
    undisturbed: alone.remains,
    disturbed: killed.remains,
    kills: killed.kills,
    residentBytes: alone.resident,
    stepSeconds: [alone.seconds, killed.seconds],
  }
}
