/**
 * `npm run bench [-- --json] [--only <work>] [--gpu] [--python <path>]`: Self-MRI beside PyTorch, h5py + SciPy and
 * fastMRI's arithmetic, in one run on this machine.
 *
 * The two sides of a work must first compute equal results, or the exit code is 1. Then they take turns, block by
 * block, so that other load on the machine slows both. Each side is one process with two threads. Both load the same
 * weights and slices, and keep their files open. With `--gpu` both sides compute on the NVIDIA GPU. The bench installs
 * the peer's packages, unless `--python` names a Python that has them. `--only` takes the name of a work, or its first
 * words, up to a hyphen.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { AppError } from '../../src/contract/errors.ts'
import { engineEnvironment } from '../../src/engine/install/environment.ts'
import { installEngine, locateEngine } from '../../src/engine/install/install.ts'
import type { Hardware } from './computed.ts'
import { peerPython } from './python.ts'
import { type Check, formatCheck, formatRows, type Row } from './report.ts'
import { type Loaded, startSide } from './side.ts'
import { syntheticVolume } from './volume.ts'
import { WORKS } from './works/index.ts'
import { type Bench, isChosen, type Outcome, type Work } from './works/work.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const say = (line: string) => void process.stderr.write(`${line}\n`)
const print = (text: string) => void process.stdout.write(`${text}\n`)

function chosen(hardware: Hardware, only: string | undefined): readonly Work[] {
  const works = WORKS[hardware].filter(({ name }) => only === undefined || isChosen(name, only))
  if (works.length > 0) return works
  const names = WORKS[hardware].map(({ name }) => name).join(', ')
  throw new AppError('INVALID_ARGUMENT', `Expected --only with one of ${names}, got ${only}`)
}

/** Installs the engine if it is missing, and gives a function that starts a process of our side. */
async function ourSide(hardware: Hardware) {
  const onProgress = ({ label }: { label: string }) => say(label)
  const variant = hardware === 'gpu' ? 'cuda' : 'cpu'
  const there = hardware === 'gpu' ? locateEngine('cuda') : locateEngine()
  const engine = there ?? (await installEngine({ variant, onProgress }))
  const command = [process.execPath, ...process.execArgv, here('./ours.ts'), engine.binding]
  const env = { ...process.env, ...engineEnvironment(engine) }
  return () => startSide({ label: 'Self-MRI', command, env, hardware })
}

async function peerSide(hardware: Hardware, chosenPython: string | undefined) {
  const python = chosenPython ?? (await peerPython(say))
  // Some systems set these variables for an old OpenBLAS. They slow a current OpenBLAS, so the peer goes without them.
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env
  const command = [python, '-I', '-B', here('./peer/main.py')]
  return () => startSide({ label: 'the peer', command, env, hardware })
}

/** Makes the value at the first call, and gives the same value at later calls. */
function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null
  return () => {
    made ??= make()
    return made
  }
}

interface Left {
  readonly work: string
  readonly reason: string
}

/** The outcome of a work that threw. The other works are still measured. */
const failure = (error: unknown): Outcome => ({
  checks: [],
  rows: [],
  failed: error instanceof Error ? error.message : String(error),
})

async function measureAll(works: readonly Work[], bench: Bench) {
  const checks: Check[] = []
  const rows: Row[] = []
  const skipped: Left[] = []
  const failed: Left[] = []
  for (const work of works) {
    say(`${work.name} …`)
    const outcome = await work.measure(bench).catch(failure)
    for (const check of outcome.checks) say(formatCheck(check))
    if (outcome.rows.length > 0) say(formatRows(outcome.rows)) // A whole bench is long, so each work shows its rows.
    checks.push(...outcome.checks)
    rows.push(...outcome.rows)
    if (outcome.skipped) skipped.push({ work: work.label, reason: outcome.skipped })
    if (outcome.failed) failed.push({ work: work.label, reason: outcome.failed })
  }
  return { rows, checks, skipped, failed }
}

const load = () => loadavg()[0]

async function bench(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      only: { type: 'string' },
      gpu: { type: 'boolean' },
      python: { type: 'string' },
    },
  })
  const hardware = values.gpu ? 'gpu' : 'cpu'
  const works = chosen(hardware, values.only)
  const folder = await mkdtemp(join(tmpdir(), 'self-mri-bench-'))
  try {
    const ours = lazily(() => ourSide(hardware))
    const peer = lazily(() => peerSide(hardware, values.python))
    const started: Bench = {
      hardware,
      folder,
      slice: here('../../test/fixtures/kspace/larson_brain_sag_t1_640x372.h5'),
      ours: async () => (await ours())(),
      peer: async () => (await peer())(),
      volume: lazily(() => {
        say('Making a synthetic volume …')
        return syntheticVolume(folder)
      }),
      say,
    }
    const loadBefore = load()
    const { rows, checks, skipped, failed } = await measureAll(works, started)
    const machine = {
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
      node: process.versions.node,
      engine: await engineName(started),
      ...(hardware === 'cpu' && { threads: 2 }),
      /** One-minute load average of the machine, before and after the bench. */
      load: { before: loadBefore, after: load() },
    }
    if (values.json) print(JSON.stringify({ rows, checks, skipped, failed, machine }, null, 2))
    else {
      const { cpu, cores, platform, engine, node, load } = machine
      const limits = hardware === 'gpu' ? 'TF32' : '2 threads each'
      print(formatRows(rows))
      for (const { work, reason } of skipped) print(`Not measured: ${work}: ${reason}.`)
      print(`\n${cpu}, ${cores} cores, ${platform}; ${limits}; Node ${node}; ${engine}`)
      if (load.before > 1) print(`The machine was busy: load ${load.before.toFixed(1)} before the first measurement.`)
    }
    const unequal = checks.filter(({ passed }) => !passed)
    for (const { what } of unequal) say(`The two sides do not compute the same, so this was not timed: ${what}.`)
    for (const { work, reason } of failed) say(`This failed: ${work}: ${reason}`)
    return unequal.length + failed.length === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function engineName({ ours }: Bench): Promise<string> {
  const side = await ours()
  const { version } = await side.ask<Loaded>({ do: 'idle' })
  await side.dispose()
  return version
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
