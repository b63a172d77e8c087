/** What computes: an engine makes one `Compute`, and core's functions are given it. */
import type { Device, EngineHealth } from '../contract/engine.ts'
import { type Kernels, makePlainKernels } from './kernels.ts'
import { makeEagerPredict, type Predict } from './models/model.ts'
import { eagerStepper, type MakeStepper } from './training/stepper.ts'

/** The part that core needs. */
export interface Arithmetic {
  readonly kernels: Kernels
  /** Takes the steps of a training. */
  readonly makeStepper: MakeStepper
  /** Predicts many images of one shape, such as a volume's slices. */
  readonly predict: Predict
}

/** An engine, as its process and its messages need it. */
export interface Compute extends Arithmetic {
  readonly device: Device
  /** Takes a small training step, and says how long it took and how. */
  examine(): Promise<EngineHealth>
  /** Whether an error says that the device has no memory left. */
  isExhausted(error: unknown): boolean
  /** Frees what it holds. */
  close(): void
}

/** Plain TensorFlow.js, one operation at a time: for tests, and for threads that prepare batches. */
export function makePlainArithmetic(): Arithmetic {
  const kernels = makePlainKernels()
  return { kernels, makeStepper: eagerStepper, predict: makeEagerPredict(kernels) }
}
