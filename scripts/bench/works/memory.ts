/** The peak memory of a training or of one of its steps, minus the memory of its process before the training. */
import type { Computed } from '../computed.ts'
import { forgetPeak, memoryOf } from '../memory.ts'
import { makeCheck, rowAgainst } from '../report.ts'
import type { Side } from '../side.ts'
import { type Compared, givenOf, resultOf } from './compared.ts'
import { NETWORKS } from './networks.ts'
import { PUBLISHED_VARNET } from './unrolled.ts'
import type { Bench, Outcome, Work } from './work.ts'

interface Measured extends Pick<Compared, 'name' | 'label' | 'computed' | 'check'> {
  /** What the peer computes, if it computes otherwise than our side. */
  readonly peer?: Computed
  readonly atMost: number
  /** Only the step after the checked steps counts, which our side replays. */
  readonly ofReplay: boolean
}

async function measure(work: Measured, bench: Bench): Promise<Outcome> {
  const given = await givenOf(work, bench)
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
    const loaded = await sides[1].load({ ...given, computed: work.peer ?? given.computed })
    const ours = await resultOf(sides[0], given)
    const other = await resultOf(sides[1], given)
    const { label, difference, atMost } = work.check
    const checks = [makeCheck(`${work.label}: ${label}`, difference(ours, other), atMost)]
    if (work.ofReplay)
      for (const side of sides) {
        forgetPeak(side.pid)
        await side.time(1)
      }
    const [a, b] = sides.map(({ pid }, i) => ({ bytes: memoryOf(pid)!.peakBytes - idle[i]!.residentBytes }))
    const rows = checks[0].passed ? [rowAgainst(work.label, a, { ...b, ...loaded }, work.atMost)] : []
    return { checks, rows }
  } finally {
    for (const side of sides) await side.dispose()
  }
}

const UNET = NETWORKS.find(({ name }) => name === 'unet-64-rmsprop')!
const { computed, check } = PUBLISHED_VARNET
const VARNET = { computed, check, ofReplay: true }
const LABEL = 'VarNet as published (12 cascades, recomputed), 15 × 640 × 372: peak memory of a replayed step'

const MEASURED: readonly Measured[] = [
  {
    ...{ name: 'memory', computed: UNET.computed, check: UNET.check, atMost: 0.9, ofReplay: false },
    label: 'U-Net-64 training, 320 × 320, batch 1: peak memory above the idle process',
  },
  { ...VARNET, name: 'varnet-memory', label: LABEL, atMost: 0.5 },
  {
    ...{ ...VARNET, name: 'varnet-memory-checkpoints', peer: { ...computed, peerRecomputes: true } },
    ...{ label: `${LABEL}, both with checkpoints`, atMost: 1 },
  },
]

export const MEMORY: readonly Work[] = MEASURED.map(work => ({
  name: work.name,
  label: work.label,
  measure: bench => measure(work, bench),
}))
