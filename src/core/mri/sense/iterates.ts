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
  /** Iterations that are done, the image, which the next iteration changes, and the number of all iterations. */
  readonly onIteration?: (done: number, image: Float32Array, iterations: number) => void
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
    onIteration?.(done, image, iterations)
    if (done >= iterations) return image.slice()
  }
}
