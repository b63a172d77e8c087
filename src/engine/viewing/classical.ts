/**
 * Classical images for panes. The file is read and the coil maps are computed in a turn. The iterations run outside of
 * the turns, because they take seconds, and other images are shown meanwhile.
 */
import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'
import {
  type Classical,
  classicalOf,
  classicalProblem,
  iterationsOf,
  keptImage,
  type SolvedCoils,
  solveClassical,
  solvedCoils,
} from '../../core/classical.ts'
import { seededMaskOf } from '../../core/data/patterns.ts'
import type { Volume } from '../../core/data/volume.ts'
import type { Pattern } from '../../core/mri/pattern.ts'
import { cropShape } from '../../core/mri/transform.ts'
import { type CoilFacts, coilFactsOf } from '../../core/viewing/coil-facts.ts'
import { withStored } from '../files/masks.ts'
import { plain } from '../native/arithmetic.ts'
import { requireCoilMemory } from '../process/coil-memory.ts'
import type { FrameRequest, Progress } from '../process/protocol.ts'
import { keepImage, knownImage } from './made.ts'
import { openAt } from './opened.ts'
import { whenIdle } from './turns.ts'

export type OnProgress = (progress: Progress) => void

/** The shortest interval between two events of progress. */
const INTERVAL_MS = 50

/** Of images whose facts were asked for. `null`: the slice holds no data. */
const facts = new WeakMap<Float32Array, CoilFacts | null>()

export const factsOf = (image: Float32Array): CoilFacts | null => facts.get(image) ?? null

/** The begin, the first and the last iteration, and not more than one iteration per interval between them. */
function seldom(emit: OnProgress): OnProgress {
  let sentAt = Number.NEGATIVE_INFINITY
  return progress => {
    const now = performance.now()
    const { done, total } = progress
    if (done > 1 && done !== total && now - sentAt < INTERVAL_MS) return
    sentAt = now
    emit(progress)
  }
}

interface Wanted {
  /** Called for images that must be computed. */
  readonly emit?: OnProgress
  /** Whether `factsOf` the image is wanted. A kept image has no facts, so they need the slice and its maps again. */
  readonly withFacts?: boolean
}

/**
 * The image of a classical method. `null`: the request is for another source. Throws `CANCELLED` at the next iteration
 * after the cancellation.
 */
export async function solveAhead(
  request: Omit<FrameRequest, 'show'>,
  signal: AbortSignal,
  { emit = () => {}, withFacts = false }: Wanted = {},
): Promise<Float32Array | null> {
  const { reconstructor, slice, mask, seed } = request
  if (!reconstructor || 'network' in reconstructor) return null
  const classical = classicalOf(reconstructor)
  const total = iterationsOf(classical)
  const report = seldom(emit)
  const begun = await whenIdle(signal, async () => {
    const volume = await openAt(request, slice)
    const pattern = seededMaskOf(volume, withStored(mask), seed)(slice)
    const factsFrom = (coils: SolvedCoils | null) =>
      coils && coilFactsOf(coils, { coils: volume.info.coils, crop: cropShape(volume.info) }, plain)
    const known = knownOrKept(volume, slice, pattern, classical)
    if (known && (facts.has(known) || !withFacts)) return { known }
    requireCoilMemory(volume.info, classical)
    if (known) {
      facts.set(known, factsFrom(solvedCoils(volume, slice, pattern, classical, plain)))
      return { known }
    }
    report({ done: 0, total, label: 'coil maps' })
    await setImmediate() // sends the progress
    let found: CoilFacts | null = null
    const problem = classicalProblem(volume, slice, pattern, classical, plain, coils => {
      if (withFacts) found = factsFrom(coils)
    })
    return { known: null, volume, pattern, problem, found }
  })
  if (begun.known) return begun.known
  const { volume, pattern, problem, found } = begun
  const image = await solveClassical(problem, classical, {
    async pause() {
      await setImmediate() // lets other images and a cancellation arrive
      throwIfCancelled(signal)
    },
    onIteration: done => report({ done, total, label: 'iterations' }),
  })
  if (withFacts) facts.set(image, found)
  return keepImage(volume, slice, pattern, classical, image)
}

/** An image in memory or on disk. Both are found without reading the slice. */
function knownOrKept(volume: Volume, slice: number, pattern: Pattern, classical: Classical): Float32Array | null {
  const known = knownImage(volume, slice, pattern, classical)
  if (known) return known
  const kept = keptImage(volume, slice, pattern, classical, plain)
  return kept ? keepImage(volume, slice, pattern, classical, kept) : null
}
