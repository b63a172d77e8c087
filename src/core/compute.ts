/** What computes. An engine makes one `Compute` and passes it to core's functions. */
import type { Device, EngineHealth } from '../contract/engine.ts'
import { KEEP_NO_IMAGES, type KeptImages } from './kept-images.ts'
import { type Kernels, makePlainKernels } from './kernels.ts'
import { makeEagerPredict, type Predict } from './models/model.ts'
import { type Eigenvectors, makeEigenvectors } from './mri/coils/eigenvectors.ts'
import { type KeepMaps, keepNoMaps } from './mri/coils/maps.ts'
import { type Fourier, makeFourier } from './mri/fourier.ts'
import { eagerStepper, type MakeStepper } from './training/stepper.ts'

/** The part of `Compute` that core needs. */
export interface Arithmetic {
  readonly kernels: Kernels
  /** Fourier transforms of plain arrays. */
  readonly fourier: Fourier
  /** Dominant eigenvectors of plain arrays, for coil maps. */
  readonly eigenvectors: Eigenvectors
  /** Keeps coil maps between calls. */
  readonly keepMaps: KeepMaps
  /** Keeps images of classical methods between calls. */
  readonly keptImages: KeptImages
  /** Takes the steps of a training. */
  readonly makeStepper: MakeStepper
  /** Predicts many images of one shape, such as a volume's slices. */
  readonly predict: Predict
}

/** An engine, as the engine's process and messages need it. */
export interface Compute extends Arithmetic {
  readonly device: Device
  /** Takes a small training step, and reports its duration and how it was computed. */
  examine(): Promise<EngineHealth>
  /** Frees memory that the kernels keep for their next call. Call this when a training ends. */
  releaseWorkingMemory(): void
  /** Frees the engine's memory. */
  close(): void
}

/** Plain TensorFlow.js, one operation at a time: for tests, and for threads that prepare batches. */
export function makePlainArithmetic(
  fourier = makeFourier(),
  eigenvectors = makeEigenvectors(),
  keepMaps: KeepMaps = keepNoMaps,
  keptImages: KeptImages = KEEP_NO_IMAGES,
): Arithmetic {
  const kernels = makePlainKernels()
  const predict = makeEagerPredict(kernels)
  return { kernels, fourier, eigenvectors, keepMaps, keptImages, makeStepper: eagerStepper, predict }
}
