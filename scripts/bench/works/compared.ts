/** Compares two processes that do one work: first their results must agree, then the processes take turns. */
import { join } from 'node:path'
import process from 'node:process'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import { type Computed, type Given, readFloats } from '../computed.ts'
import { type Limit, limitFor } from '../instructions.ts'
import { makeCheck, rowAgainst, type Spread, spread } from '../report.ts'
import type { Side } from '../side.ts'
import type { Bench, Outcome, Work } from './work.ts'

export interface Compared {
  readonly name: string
  readonly label: string
  readonly computed: Computed
  /** Another work of ours that takes the place of the peer. */
  readonly against?: { readonly computed: Computed; readonly version: string }
  readonly atMost: Limit
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

const MASK = MaskSpec.parse({})
const FROM_VOLUME: ReadonlySet<Computed['kind']> = new Set(['pretext', 'epoch', 'steps', 'volume'])

export async function givenOf({ name, computed }: Pick<Compared, 'name' | 'computed'>, bench: Bench): Promise<Given> {
  const file = FROM_VOLUME.has(computed.kind) ? await bench.volume() : bench.slice
  return { hardware: bench.hardware, folder: bench.folder, name, file, mask: MASK, computed }
}

/** Each side's result, ours first. */
export async function results(sides: readonly Side[], { folder, name }: Given): Promise<Float32Array[]> {
  const found: Float32Array[] = []
  for (const [i, side] of sides.entries()) {
    const path = join(folder, `${name}-result-${i}.f32`)
    await side.ask({ do: 'result', path })
    found.push(await readFloats(path))
  }
  return found
}

/** Times the two sides in alternating blocks: A B A B … */
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

async function compare(work: Compared, bench: Bench): Promise<Outcome> {
  const { against, check, label, atMost, gigabytes = 0 } = work
  if (process.availableMemory() < gigabytes * 1e9)
    return { checks: [], rows: [], skipped: `it takes ${gigabytes} GB of memory, and less is free` }
  const given = await givenOf(work, bench)
  const sides = [await bench.ours()]
  try {
    await sides[0].ask({ do: 'write', ...given })
    sides.push(against ? await bench.ours() : await bench.peer())
    await sides[0].load(given)
    const loaded = await sides[1].load(against ? { ...given, computed: against.computed } : given)
    const [ours, other] = await results(sides, given)
    const checks = [makeCheck(`${label}: ${check.label}`, check.difference(ours, other), check.atMost)]
    if (!checks[0].passed) return { checks, rows: [] }
    bench.say(`Timing: ${label} …`)
    const [a, b] = await inTurns(sides, work)
    const named = against ? { ...loaded, version: against.version } : loaded
    return { checks, rows: [rowAgainst(label, a, { ...b, ...named }, limitFor(atMost, bench.instructions))] }
  } finally {
    for (const side of sides) await side.dispose()
  }
}

export const compared = (work: Compared): Work => ({ ...work, measure: bench => compare(work, bench) })
