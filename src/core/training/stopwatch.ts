/** Seconds of a training, by their use. */
import type { TrainingSeconds } from '../../contract/training-summary.ts'

export interface Stopwatch {
  /** To be called when the files are open and the network is built. */
  prepared(): void
  step<T>(take: () => Promise<T>): Promise<T>
  /** Seconds of the last step. */
  readonly lastStep: number
  validation<T>(validate: () => Promise<T>): Promise<T>
  /** With the seconds of earlier processes. */
  readonly seconds: TrainingSeconds
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Number of first steps whose median is taken. These steps are enough to know the first step's excess. */
const STEPS_COMPARED = 1000

export function makeStopwatch(before: TrainingSeconds): Stopwatch {
  const begun = performance.now()
  let preparation = 0
  let steps = 0
  let validation = 0
  let lastStep = 0
  const compared: number[] = []

  async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
    const start = performance.now()
    const result = await work()
    return { result, seconds: (performance.now() - start) / 1000 }
  }

  return {
    prepared() {
      preparation = (performance.now() - begun) / 1000
    },
    async step(take) {
      const { result, seconds } = await timed(take)
      steps += seconds
      lastStep = seconds
      if (compared.length < STEPS_COMPARED) compared.push(seconds)
      return result
    },
    get lastStep() {
      return lastStep
    },
    async validation(validate) {
      const { result, seconds } = await timed(validate)
      validation += seconds
      return result
    },
    get seconds() {
      // A process's first step also plans and allocates: its excess over the median is preparation, not training.
      const excess = compared.length === 0 ? 0 : Math.max(0, compared[0] - median(compared))
      return {
        steps: before.steps + steps - excess,
        validation: before.validation + validation,
        preparation: before.preparation + preparation + excess,
      }
    },
  }
}
