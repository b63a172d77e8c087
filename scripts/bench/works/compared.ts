/** Compares processes that do one work: first their results must agree, then the processes take turns. */
import { join } from 'node:path'
import process from 'node:process'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import { type Computed, type Given, readFloats, type Way } from '../computed.ts'
import { type Limit, limitFor } from '../instructions.ts'
import { type Check, makeCheck, type Row, rowAgainst, type Spread, spread } from '../report.ts'
import type { Loaded, Side } from '../side.ts'
import { versionOf } from './program.ts'
import { type Bench, type Left, messageOf, type Outcome, type Work } from './work.ts'

export interface Compared {
  readonly name: string
  readonly label: string
  readonly computed: Computed
  /** Another work of ours that takes the place of the peer. */
  readonly against?: { readonly computed: Computed; readonly version: string }
  /** Forms of the peer, each in its own process. The limit is a limit against the fastest form. Default: one form. */
  readonly forms?: readonly Form[]
  readonly atMost: Limit
  /** A program that the peer starts, and the argument that prints its version. Without it the work is skipped. */
  readonly program?: readonly [name: string, argument: string]
  /**
   * A block has `warmUps` iterations that do not count, then `iterations` that count. Before the first block, both
   * sides run `warmUps` more. Works of several seconds need no warm-up, because the check was a warm-up.
   */
  readonly warmUps: number
  readonly iterations: number
  readonly blocks: number
  /** Memory of both sides together, in GB, if many machines have less. */
  readonly gigabytes?: number
  /** Results must agree before anything is timed. */
  readonly check: {
    readonly label: string
    readonly difference: (ours: Float32Array, other: Float32Array) => number
    readonly atMost: number
  }
}

/** A way in which a user of PyTorch may compute. */
export interface Form extends Way {
  /** Follows the peer's name. */
  readonly name: string
}

const EAGER: Way = { precision: 'float32', compiled: false }

export const FORMS: readonly Form[] = [
  { name: 'eager', ...EAGER },
  { name: 'compiled', precision: 'float32', compiled: true },
  { name: 'compiled with bfloat16', precision: 'bfloat16', compiled: true },
]

/** bfloat16 has 8 bits of precision. At such a distance from float32, both still compute the same network. */
const IN_BFLOAT16 = 0.05

const MASK = MaskSpec.parse({})

/** The HDF5 file that both sides read. */
async function fileFor(computed: Computed, bench: Bench): Promise<string> {
  switch (computed.kind) {
    case 'pretext':
    case 'epoch':
    case 'steps':
      return bench.volume(computed.coils)
    case 'volume':
      return bench.volume(1)
    default:
      return bench.slice
  }
}

export async function givenOf({ name, computed }: Pick<Compared, 'name' | 'computed'>, bench: Bench): Promise<Given> {
  const file = await fileFor(computed, bench)
  const { hardware, folder } = bench
  const precision = 'optimizer' in computed ? bench.precision : 'float32' // Only trainings have a precision.
  return { hardware, precision, compiled: false, folder, name, file, mask: MASK, computed }
}

export async function resultOf(side: Side, { folder, name }: Given): Promise<Float32Array> {
  const path = join(folder, `${name}-result-${side.pid}.f32`)
  await side.ask({ do: 'result', path })
  return readFloats(path)
}

/** Times the sides in alternating blocks: A B A B … */
async function inTurns(
  sides: readonly Side[],
  { warmUps, iterations, blocks }: Pick<Compared, 'warmUps' | 'iterations' | 'blocks'>,
): Promise<Spread[]> {
  const times = sides.map((): number[] => [])
  for (const side of sides) await side.time(warmUps)
  for (let block = 0; block < blocks; block++) {
    for (const [i, side] of sides.entries()) {
      const ms = await side.time(warmUps + iterations)
      times[i].push(...ms.slice(warmUps))
    }
  }
  return times.map(spread)
}

/** What our side is compared with. */
interface Other {
  /** Follows the label of the work. */
  readonly words: string
  readonly given: Given
  start(): Promise<Side>
  named(loaded: Loaded): Loaded
}

function othersOf({ against, forms }: Compared, given: Given, bench: Bench): Other[] {
  if (against) {
    const named = (loaded: Loaded) => ({ ...loaded, version: against.version })
    return [{ words: '', given: { ...given, computed: against.computed }, start: bench.ours, named }]
  }
  if (!forms) return [{ words: '', given: { ...given, ...EAGER }, start: bench.peer, named: loaded => loaded }]
  return forms.map(({ name, ...way }) => ({
    words: `, ${name}`,
    given: { ...given, ...way },
    start: bench.peer,
    named: loaded => ({ ...loaded, name: `${loaded.name} ${name}` }),
  }))
}

/** One row for each other side. If there are several, the limit is for the fastest. */
export function rowsAgainst(
  label: string,
  ours: Spread,
  others: readonly (Spread & Pick<Loaded, 'name' | 'version'>)[],
  atMost: number,
): Row[] {
  if (others.length === 1) return [rowAgainst(label, ours, others[0], atMost)]
  const least = Math.min(...others.map(({ medianMs }) => medianMs))
  return others.map(other => {
    const best = other.medianMs === least
    return { ...rowAgainst(label, ours, other, best ? atMost : null), best }
  })
}

async function compare(work: Compared, bench: Bench): Promise<Outcome> {
  const { check, label, program, gigabytes = 0 } = work
  if (program && (await versionOf(...program)) === null)
    return { checks: [], rows: [], skipped: `there is no ${program[0]} (Debian and Ubuntu: apt install ${program[0]})` }
  if (process.availableMemory() < gigabytes * 1e9)
    return { checks: [], rows: [], skipped: `it takes ${gigabytes} GB of memory, and less is free` }
  const given = await givenOf(work, bench)
  const ours = await bench.ours()
  const started = [ours]
  try {
    await ours.ask({ do: 'write', ...given })
    await ours.load(given)
    const result = await resultOf(ours, given)
    const checks: Check[] = []
    const failed: Left[] = []
    const equal: { readonly side: Side; readonly loaded: Loaded }[] = []
    for (const other of othersOf(work, given, bench)) {
      try {
        const side = await other.start()
        started.push(side)
        const loaded = other.named(await side.load(other.given))
        const inBfloat16 = [given, other.given].some(({ precision }) => precision === 'bfloat16')
        const atMost = inBfloat16 && !work.against ? IN_BFLOAT16 : check.atMost
        const difference = check.difference(result, await resultOf(side, given))
        const checked = makeCheck(`${label}${other.words}: ${check.label}`, difference, atMost)
        checks.push(checked)
        if (checked.passed) equal.push({ side, loaded })
      } catch (error) {
        failed.push({ work: `${label}${other.words}`, reason: messageOf(error) })
      }
    }
    if (equal.length === 0) return { checks, rows: [], failed }
    bench.say(`Timing: ${label} …`)
    const [time, ...times] = await inTurns([ours, ...equal.map(({ side }) => side)], work)
    const others = equal.map(({ loaded: { name, version } }, i) => ({ ...times[i], name, version }))
    return { checks, rows: rowsAgainst(label, time, others, limitFor(work.atMost, bench.instructions)), failed }
  } finally {
    for (const side of started) await side.dispose()
  }
}

export const compared = (work: Compared): Work => ({ ...work, measure: bench => compare(work, bench) })
