/**
 * `npm run bench [-- --json] [--only <work>] [--gpu] [--python <path>]`: Self-MRI beside PyTorch and h5py + SciPy, in one run on
 * this machine. First both sides must compute the same (exit code 1 otherwise); then they take turns, block by block, so that
 * whatever slows the machine slows both. Two threads each, the same weights, the same measured slice; files stay open. With
 * `--gpu` both on the NVIDIA GPU. The peer's packages are installed, unless `--python` names a Python that has them.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { AppError } from '../../src/contract/errors.ts'
import { engineEnvironment } from '../../src/engine/environment.ts'
import { run } from '../../src/engine/install/run.ts'
import { installEngine, locateEngine } from '../../src/engine/install.ts'
import { peerPython } from './python.ts'
import { type Check, formatCheck, formatRows, makeCheck, type Row, spread } from './report.ts'
import { type Names, type Side, startSide } from './side.ts'
import { ENDURANCE, type Hardware, MASK, RATES, SIZE, WORKS, type Work } from './works.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const say = (line: string) => void process.stderr.write(`${line}\n`)
const print = (text: string) => void process.stdout.write(`${text}\n`)

interface Chosen {
  readonly hardware: Hardware
  readonly works: readonly Work[]
  readonly endurance: boolean
}

function chosen(hardware: Hardware, only: string | undefined): Chosen {
  const works = WORKS[hardware].filter(({ name }) => only === undefined || name === only)
  const endurance = only === undefined || only === ENDURANCE.name
  if (works.length > 0 || endurance) return { hardware, works, endurance }
  const names = [...WORKS[hardware], ENDURANCE].map(({ name }) => name).join(', ')
  throw new AppError('INVALID_ARGUMENT', `Expected --only with one of ${names}, got ${only}`)
}

async function startOurs(hardware: Hardware): Promise<Side> {
  const onProgress = ({ label }: { label: string }) => say(label)
  const variant = hardware === 'gpu' ? 'cuda' : 'cpu'
  const there = hardware === 'gpu' ? locateEngine('cuda') : locateEngine()
  const engine = there ?? (await installEngine({ variant, onProgress }))
  const command = [process.execPath, ...process.execArgv, here('./ours.ts'), engine.binding]
  return startSide({ label: 'Self-MRI', command, env: { ...process.env, ...engineEnvironment(engine) }, hardware })
}

async function startPeer(hardware: Hardware, chosenPython: string | undefined): Promise<Side> {
  const python = chosenPython ?? (await peerPython(say))
  // Set where an old OpenBLAS would fail; they slow a current one.
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env
  return startSide({ label: 'the peer', command: [python, '-I', here('./peer.py')], env, hardware })
}

/** The first GPU's name, as its driver gives it. */
async function gpuName(): Promise<string> {
  const { output } = await run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'])
  return output.trim().split('\n')[0]
}

async function checkWork({ name, check }: Work, ours: Side, peer: Side, folder: string): Promise<Check> {
  const results: Float32Array[] = []
  for (const [i, side] of [ours, peer].entries()) {
    const path = join(folder, `${name}-${i}.f32`)
    await side.result(name, path)
    results.push(new Float32Array(Uint8Array.from(await readFile(path)).buffer))
  }
  return makeCheck(check.label, check.difference(results[0], results[1]), check.atMost)
}

/** A B A B …: the first block of each side and the first iteration of each block only warm up. */
async function timeWork({ name, label, atMost, iterations, blocks }: Work, ours: Side, peer: Side, names: Names) {
  const oursMs: number[] = []
  const peerMs: number[] = []
  for (let block = 0; block <= blocks; block++) {
    for (const [side, times] of [
      [ours, oursMs],
      [peer, peerMs],
    ] as const) {
      const ms = await side.time(name, 1 + iterations)
      if (block > 0) times.push(...ms.slice(1))
    }
  }
  const [a, b] = [spread(oursMs), spread(peerMs)]
  const row: Row = { work: label, ours: a, peer: { ...b, ...names[name] }, ratio: a.medianMs / b.medianMs, atMost }
  return row
}

/** The last epoch of a training of ours beside its first, whose first step also records. */
async function timeEpochs(ours: Side): Promise<Row[]> {
  const { epochs, steps, atMost } = ENDURANCE
  const endured = await ours.endure(epochs, steps)
  const [first, last] = [endured[0], endured[endured.length - 1]]
  const [a, b] = [last, first].map(({ ms }) => spread(ms.slice(1)))
  const itself = { name: 'Self-MRI', version: 'epoch 1' }
  const work = `U-Net-8, 64 × 64: epoch ${epochs} against epoch 1, ${steps} steps each`
  return [
    { work: `${work}: time of a step`, ours: a, peer: { ...b, ...itself }, ratio: a.medianMs / b.medianMs, atMost },
    {
      work: `${work}: memory`,
      ours: { bytes: last.bytes },
      peer: { bytes: first.bytes, ...itself },
      ratio: last.bytes / first.bytes,
      atMost,
    },
  ]
}

const load = () => loadavg()[0]

async function compare({ hardware, works, endurance }: Chosen, ours: Side, peer: Side, folder: string) {
  const kspace = here('../../test/fixtures/kspace/larson_brain_sag_t1_640x372.h5')
  const computed = Object.fromEntries(works.map(work => [work.name, work.computed]))
  const request = { hardware, folder, kspace, mask: MASK, size: SIZE, rates: RATES, works: computed }
  const loadBefore = load()
  const { engine } = await ours.load(request) // writes what the peer reads
  const { names } = await peer.load(request)

  const checks: Check[] = []
  for (const work of works) {
    const check = await checkWork(work, ours, peer, folder)
    say(formatCheck(check))
    checks.push(check)
  }
  const rows: Row[] = []
  if (checks.every(({ passed }) => passed)) {
    for (const work of works) {
      say(`Timing: ${work.label} …`)
      rows.push(await timeWork(work, ours, peer, names))
    }
    if (endurance) {
      say(`Timing: ${ENDURANCE.epochs} epochs …`)
      rows.push(...(await timeEpochs(ours)))
    }
  }
  const machine = {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    engine,
    ...(hardware === 'gpu' ? { gpu: await gpuName() } : { threads: 2 }),
    /** One-minute load average, before and after: what else ran. */
    load: { before: loadBefore, after: load() },
  }
  return { rows, checks, machine }
}

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
  const sides: Side[] = []
  try {
    sides.push(await startOurs(hardware), await startPeer(hardware, values.python))
    const { rows, checks, machine } = await compare(works, sides[0], sides[1], folder)
    const same = checks.every(({ passed }) => passed)
    if (values.json) print(JSON.stringify({ rows, checks, machine }, null, 2))
    else if (same) {
      const { cpu, cores, platform, engine, node, load } = machine
      const limits = 'gpu' in machine ? `${machine.gpu}, TF32` : '2 threads each'
      print(formatRows(rows))
      print(`\n${cpu}, ${cores} cores, ${platform}; ${limits}; Node ${node}; ${engine}`)
      if (load.before > 1) print(`The machine was busy: load ${load.before.toFixed(1)} before the first measurement.`)
    }
    if (!same) say('The two sides do not compute the same: nothing was timed.')
    return same ? 0 : 1
  } finally {
    for (const side of sides) side.dispose()
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
