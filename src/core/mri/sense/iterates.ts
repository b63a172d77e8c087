/** Iterative solvers, one iteration at a time. */
import type { Pause } from '../../pause.ts'

/**
 * Gives the image [rows, columns, 2] after each iteration, without end. The array is the solver's own, and the next
 * iteration changes it.
 */
export type Iterates = Generator<Float32Array, never, void>

export interface Solving {
  /** Called before each iteration. Rejects once the work is cancelled. */
  readonly pause: Pause
  /** The number of iterations that are done, and the image, which the next iteration changes. */
  readonly onIteration?: (done: number, image: Float32Array) => void
}

/** The image after so many iterations, at least 1. */
export async function solve(
  iterates: Iterates,
  iterations: number,
  { pause, onIteration }: Solving,
): Promise<Float32Array> {
  for (let done = 1; ; done++) {
    await pause()
    const image = iterates.next().value
    onIteration?.(done, image)
    if (done >= iterations) return image.slice()
  }
}
