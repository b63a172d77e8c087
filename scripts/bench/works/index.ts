/** All works, for CPU and GPU. To add a work, write a file in this folder and a line in this file. */
import type { Hardware } from '../computed.ts'
import { limitOnGpu } from '../instructions.ts'
import { CLASSICAL } from './classical.ts'
import { type Compared, compared, FORMS } from './compared.ts'
import { CONTENTS } from './contents.ts'
import { DRIVER } from './driver.ts'
import { ENDURANCE } from './endurance.ts'
import { CFL, COILS, SLICE, SLICES_OF_COILS, VOLUME } from './images.ts'
import { MEMORY } from './memory.ts'
import { BATCH_OF_8, NETWORKS } from './networks.ts'
import { SLOTS } from './slots.ts'
import { SLURM } from './slurm.ts'
import { START } from './start.ts'
import { STUDY } from './study.ts'
import { EPOCH, PRETEXTS, TRAININGS_OF_COILS } from './trainings.ts'
import { QUALITY, UNROLLED } from './unrolled.ts'
import type { Work } from './work.ts'

const COMPARED: readonly Compared[] = [...NETWORKS, ...PRETEXTS, EPOCH, VOLUME, SLICE]

const GPU_STEPS = 20
/** Steps of a pretext. They are far more than the batches that are prepared before the first step. */
const GPU_PRETEXT_STEPS = 60

/**
 * A work with its limits and counts for a GPU. A GPU takes more steps per second, and TF32 has a mantissa of 10 bits,
 * so its checks have wider limits.
 */
function onGpu(work: Compared): Compared {
  const { kind } = work.computed
  if (kind === 'slice') return work
  const checked = { ...work, check: { ...work.check, atMost: 5e-3 } }
  if (kind === 'epoch') return checked
  const atMost = limitOnGpu(work.atMost)
  if (kind === 'volume') return { ...checked, atMost }
  const iterations = kind === 'pretext' ? GPU_PRETEXT_STEPS : GPU_STEPS
  return { ...checked, atMost, forms: FORMS, warmUps: Math.max(1, work.warmUps), iterations, blocks: 5 }
}

/** A work for a GPU, made small for a CPU: tries the code where there is no GPU, and measures nothing. */
function rehearsed(work: Compared): Compared {
  const computed = 'size' in work.computed ? { ...work.computed, size: [32, 32] as const } : work.computed
  const label = `REHEARSAL on a CPU with small images, no measurement: ${work.label}`
  return { ...work, computed, label, warmUps: 1, iterations: 2, blocks: 2 }
}

const ON_GPU = [...COMPARED, BATCH_OF_8].map(onGpu)

export const REHEARSAL: readonly Work[] = ON_GPU.map(rehearsed).map(compared)

/**
 * Fourier transforms in memory, peak memory, files and the app's start do not depend on the GPU, so they are measured
 * without `--gpu` only.
 */
export const WORKS: Readonly<Record<Hardware, readonly Work[]>> = {
  cpu: [
    ...[...COMPARED, ...TRAININGS_OF_COILS, ...COILS, ...SLICES_OF_COILS, CFL, ...CLASSICAL, ...UNROLLED].map(compared),
    ...[QUALITY, ...MEMORY, STUDY, CONTENTS, START, ENDURANCE, SLOTS, SLURM, DRIVER],
  ],
  gpu: [...ON_GPU.map(compared), ENDURANCE],
}
