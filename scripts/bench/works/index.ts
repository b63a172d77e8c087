/** All works, for CPU and GPU. To add a work, write a file in this folder and a line in this file. */
import type { Hardware } from '../computed.ts'
import { type Compared, compared } from './compared.ts'
import { CONTENTS } from './contents.ts'
import { ENDURANCE } from './endurance.ts'
import { SLICE, VOLUME } from './images.ts'
import { MEMORY } from './memory.ts'
import { BATCH_OF_8, NETWORKS } from './networks.ts'
import { START } from './start.ts'
import { STUDY } from './study.ts'
import { EPOCH, PRETEXTS } from './trainings.ts'
import type { Work } from './work.ts'

const COMPARED: readonly Compared[] = [...NETWORKS, ...PRETEXTS, EPOCH, VOLUME, SLICE]

const GPU_STEPS = 20
/** Steps of a pretext. They are far more than the batches that are prepared before the first step. */
const GPU_PRETEXT_STEPS = 60

/**
 * A work with its limits and counts for a GPU. The limit is PyTorch's time. A GPU takes more steps per second, and
 * TF32 has a mantissa of 10 bits, so its checks have wider limits.
 */
function onGpu(work: Compared): Compared {
  const { kind } = work.computed
  if (kind === 'slice') return work
  const checked = { ...work, check: { ...work.check, atMost: 5e-3 } }
  if (kind === 'epoch') return checked
  if (kind === 'volume') return { ...checked, atMost: 1 }
  const iterations = kind === 'pretext' ? GPU_PRETEXT_STEPS : GPU_STEPS
  return { ...checked, atMost: 1, warmUps: Math.max(1, work.warmUps), iterations, blocks: 5 }
}

/** Memory, files and the app's start do not depend on the GPU, so they are measured without `--gpu` only. */
export const WORKS: Readonly<Record<Hardware, readonly Work[]>> = {
  cpu: [...COMPARED.map(compared), MEMORY, STUDY, CONTENTS, START, ENDURANCE],
  gpu: [...[...COMPARED, BATCH_OF_8].map(onGpu).map(compared), ENDURANCE],
}
