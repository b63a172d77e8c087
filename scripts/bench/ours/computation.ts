import type { Computed, Given } from '../computed.ts'

/** A work that is loaded and can be timed. */
export interface Computation {
  /** Called once, before `once`. */
  result(): Float32Array | Promise<Float32Array>
  /** The timed work: called once per iteration. */
  once(): unknown
}

/** Prepares a kind of work. `write` writes the files that both sides load. TensorFlow is loaded before both calls. */
export interface Kind<Work extends Computed> {
  write?(given: Given<Work>): Promise<void>
  load(given: Given<Work>): Computation | Promise<Computation>
}

/** Seed of all random numbers of our side. */
export const SEED = 0
