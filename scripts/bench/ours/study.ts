/** A large study in Self-MRI: the files are scanned, stored and listed, and two trainings plan their first epoch. */
import process from 'node:process'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import type { RunConfig } from '../../../src/contract/runs.ts'
import { makePlainArithmetic } from '../../../src/core/compute.ts'
import { simclr } from '../../../src/core/ssl/simclr.ts'
import { FROM_SCRATCH } from '../../../src/core/training/recipes.ts'
import { VolumePool } from '../../../src/engine/files/volume-pool.ts'
import { taskOf } from '../../../src/engine/training/tasks.ts'
import { openServices } from '../../../src/services/open.ts'
import { importStudy, studyById, summariseStudies, volumesOf } from '../../../src/services/studies/studies.ts'
import { memoryOf } from '../memory.ts'
import { SEED } from './computation.ts'

export interface Studied {
  readonly volumes: number
  /** Slices in the first epoch of a training. */
  readonly slices: number
  readonly scanMs: number
  readonly listMs: readonly number[]
  /** Time to plan a supervised epoch, and an epoch of SimCLR, whose batches hold no two neighbouring slices. */
  readonly planMs: { readonly supervised: readonly number[]; readonly simclr: readonly number[] }
  /** Sum of the peaks of this process and its engine's processes. `null` if the system does not report peaks. */
  readonly peakBytes: number | null
}

const REPEATS = 5

const common = { mask: MaskSpec.parse({}), slices: { kind: 'all' }, fineTuning: null, seed: SEED } as const

const SUPERVISED: RunConfig = {
  ...common,
  kind: 'train',
  network: 'unet',
  networkConfig: FROM_SCRATCH.original.config,
  method: null,
  methodConfig: {},
  pretext: null,
  recipe: FROM_SCRATCH.original.training,
}

const { workstation } = simclr.recipes
const SIMCLR: RunConfig = {
  ...common,
  kind: 'pretrain',
  network: workstation.network,
  networkConfig: workstation.networkConfig,
  method: 'simclr',
  methodConfig: workstation.methodConfig,
  pretext: workstation.pretext,
  recipe: workstation.training,
}

/** @returns milliseconds of each repeat */
function timed(work: () => unknown): number[] {
  return Array.from({ length: REPEATS }, () => {
    const begun = performance.now()
    work()
    return performance.now() - begun
  })
}

export async function study(files: string, profile: string): Promise<Studied> {
  const services = openServices({ profile })
  try {
    await services.engines.interactive.call('status', {}) // waits for the start of the engine's process
    const begun = performance.now()
    const { id } = await importStudy(services, {
      paths: [files],
      name: 'large',
      slices: { kind: 'all' },
      splitSeed: SEED,
    })
    const scanMs = performance.now() - begun
    const listMs = timed(() => JSON.stringify([summariseStudies(services.profile), studyById(services.profile, id)]))
    const { volumes, ...rest } = studyById(services.profile, id)
    const request = { train: volumesOf({ ...rest, volumes }, 'train'), validation: [] }
    const pool = new VolumePool()
    const compute = makePlainArithmetic()
    const plan = (config: RunConfig) => taskOf({ ...request, config }, pool, compute)
    const task = plan(SUPERVISED)
    const planMs = {
      supervised: timed(() => plan(SUPERVISED).contents(0, 0)),
      simclr: timed(() => plan(SIMCLR).contents(0, 0)),
    }
    const pids = [process.pid, ...services.engines.living.map(engine => engine.pid!)]
    const peaks = pids.map(pid => memoryOf(pid)?.peakBytes ?? null)
    return {
      volumes: volumes.length,
      slices: task.batchesPerEpoch * SUPERVISED.recipe.batch,
      scanMs,
      listMs,
      planMs,
      peakBytes: peaks.includes(null) ? null : peaks.reduce<number>((sum, bytes) => sum + bytes!, 0),
    }
  } finally {
    services.dispose()
  }
}
