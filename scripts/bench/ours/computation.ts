import type { Computed, Given } from '../computed.ts'

/** A work made ready. */
export interface Computation {
  /** Called once, before `once`. */
  result(): Float32Array | Promise<Float32Array>
  /** Called again and again when it is timed. */
  once(): unknown
}

/** How a kind of work is made ready; `write` writes what both sides load. TensorFlow is loaded before either is called. */
export interface Kind<Work extends Computed> {
  write?(given: Given<Work>): Promise<void>
  load(given: Given<Work>): Computation | Promise<Computation>
}

/** What is drawn is drawn from this. */
export const SEED = 0
