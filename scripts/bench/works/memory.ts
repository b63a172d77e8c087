/** The peak memory of a training, minus the memory of its process before the training. */
import { memoryOf } from '../memory.ts'
import { makeCheck, rowAgainst } from '../report.ts'
import type { Side } from '../side.ts'
import { givenOf, resultOf } from './compared.ts'
import { NETWORKS } from './networks.ts'
import type { Bench, Outcome, Work } from './work.ts'

const TRAINING = NETWORKS.find(({ name }) => name === 'unet-64-rmsprop')!
const LABEL = 'U-Net-64 training, 320 × 320, batch 1: peak memory above the idle process'
const AT_MOST = 0.9

async function measure(bench: Bench): Promise<Outcome> {
  const given = await givenOf({ name: 'memory', computed: TRAINING.computed }, bench)
  const writer = await bench.ours() // A separate process writes, so its memory does not count for the training.
  await writer.ask({ do: 'write', ...given })
  await writer.dispose()
  const sides: Side[] = []
  try {
    sides.push(await bench.ours(), await bench.peer())
    for (const side of sides) await side.ask({ do: 'idle' })
    const idle = sides.map(({ pid }) => memoryOf(pid))
    if (idle.includes(null)) return { checks: [], rows: [], skipped: 'this system does not report peak memory' }
    await sides[0].load(given)
    const loaded = await sides[1].load(given)
    const ours = await resultOf(sides[0], given)
    const other = await resultOf(sides[1], given)
    const { label, difference, atMost } = TRAINING.check
    const checks = [makeCheck(`${LABEL}: ${label}`, difference(ours, other), atMost)]
    const [a, b] = sides.map(({ pid }, i) => ({ bytes: memoryOf(pid)!.peakBytes - idle[i]!.residentBytes }))
    return { checks, rows: checks[0].passed ? [rowAgainst(LABEL, a, { ...b, ...loaded }, AT_MOST)] : [] }
  } finally {
    for (const side of sides) await side.dispose()
  }
}

export const MEMORY: Work = { name: 'memory', label: LABEL, measure }
