/**
 * `npm run bench`: Self-MRI beside PyTorch, h5py + SciPy, fastMRI's arithmetic, SigPy and BART, in one run here.
 * options.ts has the options.
 *
 * The two sides of a work must first compute equal results, or the exit code is 1. Then they take turns, block by
 * block, so that other load on the machine slows both. Each side is one process with two threads. Both load the same
 * weights and slices, and keep their files open. If a work fails, the other works are still measured, and the exit code
 * is 1.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../src/contract/errors.ts'
import { engineEnvironment } from '../../src/engine/install/environment.ts'
import { installEngine, locateEngine } from '../../src/engine/install/install.ts'
import { AVX2_ONLY, type Instructions, instructionsHere, wordFor } from './instructions.ts'
import { measureAll } from './measure-all.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { peerPython } from './python.ts'
import { formatRows } from './report.ts'
import { type Loaded, startSide } from './side.ts'
import { syntheticVolume } from './volume.ts'
import { REHEARSAL, WORKS } from './works/index.ts'
import { type Bench, chooseWorks, messageOf } from './works/work.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const say = (line: string) => void process.stderr.write(`${line}\n`)
const print = (text: string) => void process.stdout.write(`${text}\n`)

/** Installs the engine if it is missing, and gives a function that starts a process of our side. */
async function ourSide({ hardware, xla }: Options) {
  const onProgress = ({ label }: { label: string }) => say(label)
  const variant = hardware === 'gpu' ? 'cuda' : 'cpu'
  const there = hardware === 'gpu' ? locateEngine('cuda') : locateEngine()
  const engine = there ?? (await installEngine({ variant, onProgress }))
  const command = [process.execPath, ...process.execArgv, here('./ours.ts'), engine.binding]
  const env = { ...process.env, ...engineEnvironment(engine, { xla }) }
  return () => startSide({ label: 'Self-MRI', command, env, hardware })
}

async function peerSide({ hardware, python: chosen }: Options) {
  const python = chosen ?? (await peerPython(say))
  const command = [python, '-I', '-B', here('./peer/main.py')]
  return () => startSide({ label: 'the peer', command, env: process.env, hardware })
}

/** Sets the variables of both sides, and returns the instructions that both sides use. */
function chooseInstructions({ instructions }: Options): Instructions {
  // Some systems set these variables for an old OpenBLAS. They slow a current OpenBLAS.
  for (const name of ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE']) delete process.env[name]
  const widest = instructionsHere()
  if (!instructions) return widest
  if (widest !== 'avx2' && widest !== 'avx512')
    throw new AppError('INVALID_ARGUMENT', 'This processor has no AVX2. Leave out --instructions.')
  Object.assign(process.env, AVX2_ONLY)
  return instructions
}

/** Makes the value at the first call, and gives the same value at later calls. */
function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null
  return () => {
    made ??= make()
    return made
  }
}

/** Makes a synthetic volume at the first call for its number of coils. */
function volumesIn(folder: string): Bench['volume'] {
  const made = new Map<number, Promise<string>>()
  return coils => {
    const path = made.get(coils)
    if (path) return path
    say(`Making a synthetic volume of ${coils === 1 ? 'one coil' : `${coils} coils`} …`)
    const making = syntheticVolume(folder, coils)
    made.set(coils, making)
    return making
  }
}

/** One-minute load average of the machine. */
const load = () => loadavg()[0]

/** The machine and what computes on it. */
async function describe({ hardware, precision, xla }: Options, { instructions, ours }: Bench) {
  const side = await ours()
  const { version, kernels } = await side.ask<Loaded>({ do: 'idle' })
  await side.dispose()
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    engine: version,
    precision,
    xla,
    kernels,
    ...(hardware === 'cpu' && { threads: 2, instructions }),
  }
}

function head({ precision, threads, instructions, kernels, ...machine }: Machine): string {
  const { cpu, cores, platform, node, engine } = machine
  const trainings = precision === 'bfloat16' ? ', our trainings in bfloat16' : ''
  const how = threads && instructions ? `${threads} threads each, ${wordFor(instructions)}` : 'TF32'
  return `${cpu}, ${cores} cores, ${platform}; ${how}${trainings}; Node ${node}; ${engine}, kernels of ${kernels}`
}

type Machine = Awaited<ReturnType<typeof describe>>

async function bench(options: Options): Promise<number> {
  const works = chooseWorks(options.rehearsal ? REHEARSAL : WORKS[options.hardware], options.only)
  const before = load()
  const instructions = chooseInstructions(options)
  const folder = await mkdtemp(join(tmpdir(), 'self-mri-bench-'))
  try {
    const ours = lazily(() => ourSide(options))
    const peer = lazily(() => peerSide(options))
    const started: Bench = {
      hardware: options.hardware,
      precision: options.precision,
      instructions,
      folder,
      slice: here('../../test/fixtures/kspace/larson_brain_sag_t1_640x372.h5'),
      ours: async () => (await ours())(),
      peer: async () => (await peer())(),
      volume: volumesIn(folder),
      say,
    }
    const machine = await describe(options, started)
    if (!options.json) print(`${head(machine)}\n`)
    const { rows, checks, skipped, failed } = await measureAll(works, started)
    const busy = { before, after: load() }
    if (options.json)
      print(JSON.stringify({ rows, checks, skipped, failed, machine: { ...machine, load: busy } }, null, 2))
    else {
      if (rows.length > 0) print(formatRows(rows))
      for (const { work, reason } of skipped) print(`Not measured: ${work}: ${reason}.`)
      for (const { work, reason } of failed) print(`Failed: ${work}: ${reason}`)
      if (before > 1) print(`The machine was busy: load ${before.toFixed(1)} before the first measurement.`)
    }
    const unequal = checks.filter(({ passed }) => !passed)
    for (const { what } of unequal) say(`The two sides do not compute the same, so this was not timed: ${what}.`)
    return unequal.length + failed.length === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) print(HELP)
  else process.exitCode = await bench(options)
} catch (error) {
  say(messageOf(error))
  process.exitCode = 1
}
