/** Every work there is, on either hardware. Adding one is a file beside this and a line here. */
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
/** Of pretexts: far more than there are batches at hand when the steps begin. */
const GPU_PRETEXT_STEPS = 60

/** Nothing is promised of a GPU but to be no slower than PyTorch. It takes more steps a second, and its products are of 10 bits. */
function onGpu(work: Compared): Compared {
  const { kind } = work.computed
  if (kind === 'slice') return work
  const checked = { ...work, check: { ...work.check, atMost: 5e-3 } }
  if (kind === 'epoch') return checked
  if (kind === 'volume') return { ...checked, atMost: 1 }
  const iterations = kind === 'pretext' ? GPU_PRETEXT_STEPS : GPU_STEPS
  return { ...checked, atMost: 1, warmUps: Math.max(1, work.warmUps), iterations, blocks: 5 }
}

/** The processor's memory, files and the app's start are the same beside a GPU. */
export const WORKS: Readonly<Record<Hardware, readonly Work[]>> = {
  cpu: [...COMPARED.map(compared), MEMORY, STUDY, CONTENTS, START, ENDURANCE],
  gpu: [...[...COMPARED, BATCH_OF_8].map(onGpu).map(compared), ENDURANCE],
}
