/** Reproductions on a study of small images, carried out as `self-mri reproduce` carries them out. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { stretch } from '../../../src/contract/recipes.ts'
import { ReproductionRequest } from '../../../src/contract/reproduction.ts'
import type { RunRow, TrainingEvent } from '../../../src/contract/runs.ts'
import type { Study } from '../../../src/contract/studies.ts'
import { decodeCheckpoint } from '../../../src/core/training/checkpoint.ts'
import { openServices } from '../../../src/services/open.ts'
import type { ExecutionChange } from '../../../src/services/places/engine-pool.ts'
import { goThrough } from '../../../src/services/reproduction/driver.ts'
import { makePlan, type Plan } from '../../../src/services/reproduction/plan.ts'
import { assemble } from '../../../src/services/reproduction/report.ts'
import { trainAtOnce } from '../../../src/services/reproduction/trainers.ts'
import { findRun } from '../../../src/services/runs/runs.ts'
import { readyStudy } from '../../../src/services/studies/contents/ready.ts'
import { importStudy } from '../../../src/services/studies/studies.ts'
import { partsOf, spread } from '../report.ts'
import { SEED } from './computation.ts'

export interface ReproductionAsked {
  /** Folder of the study's files. */
  readonly files: string
  /** Folder of a new profile. */
  readonly profile: string
  /** Variables of the processes that train. */
  readonly variables: Readonly<Record<string, string>>
  readonly execution: ExecutionChange
  /** Epochs of every training, or of each training by its key. */
  readonly epochs: number | Readonly<Record<string, number>>
}

interface ReproducedTraining {
  readonly key: string
  readonly epochs: number
  /** Seconds of the whole training. */
  readonly seconds: number
  /** Seconds of an epoch after the first. The first also records the graph. */
  readonly epochSeconds: number
  /** SHA-256 of the kept weights. */
  readonly weights: string
  /** Milliseconds from the job's submission to its first event. `null`: the training was no job. */
  readonly startMs: number | null
}

export interface Reproduced {
  readonly ms: number
  /** The number of trainings of the plan. */
  readonly planned: number
  readonly trainings: readonly ReproducedTraining[]
  /** Whether all rows are scored. */
  readonly complete: boolean
  /** The metrics of each row, by the row's key. */
  readonly metrics: Readonly<Record<string, unknown>>
  readonly failures: readonly string[]
}

const CHANNELS = 8
/** Together with a baseline and its control: six trainings. */
const METHODS = ['subsample-again', 'rotnet']

/** The plan with U-Net-8 and other epochs. Weights after some of the epochs are not kept, and have no row. */
function planOf(study: Study, epochs: ReproductionAsked['epochs']): Plan {
  const plan = makePlan(ReproductionRequest.parse({ study: study.id, methods: METHODS, headline: true }), study)
  const epochsOf = (key: string) => (typeof epochs === 'number' ? epochs : epochs[key])
  return {
    ...plan,
    rows: plan.rows.filter(({ epoch }) => epoch === null),
    trainings: plan.trainings.map(training => {
      const { networkConfig, recipe } = training.config
      const config = {
        ...training.config,
        networkConfig: { ...networkConfig, channels: CHANNELS },
        recipe: { ...stretch(recipe, epochsOf(training.key)), milestones: [] },
      }
      return { ...training, config }
    }),
  }
}

/** SHA-256 of the tensors. The file also names its run, and so differs between profiles. */
function hashOfTensors(path: string): string {
  const hash = createHash('sha256')
  for (const [name, { data }] of decodeCheckpoint(readFileSync(path), path).tensors) {
    hash.update(name)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}

/** Measures how long a job takes to its first event, and how long an epoch takes. */
function trainingClock() {
  let submitted: number | null = null
  let startMs: number | null = null
  const epochEnds: number[] = []
  return {
    hear({ type }: TrainingEvent): void {
      const now = performance.now()
      if (type === 'job') submitted ??= now
      else if (submitted !== null) startMs ??= now - submitted
      if (type === 'epoch') epochEnds.push(now)
    },
    times: () => ({ startMs, epochSeconds: spread(partsOf(epochEnds).slice(1)).medianMs / 1000 }),
  }
}

type Clock = ReturnType<typeof trainingClock>

function trainingOf(key: string, { summary, checkpoint }: RunRow, clock: Clock): ReproducedTraining {
  const { epochs, seconds } = summary!
  const { steps, validation, preparation } = seconds
  const weights = hashOfTensors(checkpoint!.path)
  return { key, epochs, seconds: steps + validation + preparation, weights, ...clock.times() }
}

export async function reproduce({
  files,
  profile,
  variables,
  execution,
  epochs,
}: ReproductionAsked): Promise<Reproduced> {
  // Coil maps and classical images that an earlier reproduction stored would save time.
  Object.assign(process.env, { SELF_MRI_KEPT: join(profile, 'kept') }, variables)
  const services = openServices({ profile, execution })
  try {
    const added = await importStudy(services, {
      paths: [files],
      name: 'small',
      kind: 'synthetic',
      slices: { kind: 'all' },
      splitSeed: SEED,
    })
    const plan = planOf(await readyStudy(services, added), epochs)
    const clocks = new Map(plan.trainings.map(({ key }) => [key, trainingClock()]))
    const runs = new Map<string, string>()
    const trainer = trainAtOnce(services, ({ key }) => ({ onEvent: event => clocks.get(key)!.hear(event) }))
    const begun = performance.now()
    const failures = await goThrough(services, plan, {
      ...trainer,
      async train(prepared, going) {
        const run = await trainer.train(prepared, going)
        runs.set(going.planned.key, run)
        return run
      },
    })
    const ms = performance.now() - begun
    const { rows, complete } = assemble(services.profile, plan, '', failures)
    const finished = [...runs].map(([key, run]) => ({ key, run: findRun(services.profile, run) }))
    return {
      ms,
      planned: plan.trainings.length,
      trainings: finished
        .filter(({ run }) => run.status === 'finished')
        .map(({ key, run }) => trainingOf(key, run, clocks.get(key)!)),
      complete,
      metrics: Object.fromEntries(rows.map(({ key, metrics, manyMasks }) => [key, { metrics, manyMasks }])),
      failures: [...failures].map(([key, reason]) => `${key}: ${reason}`),
    }
  } finally {
    services.dispose()
  }
}
