/** Judges a pretext on held-out patients: its loss, its method's figures, and what to try if it learns nothing. */
import * as tf from '@tensorflow/tfjs-core'
import { HELD_OUT_CHANCE } from '../../contract/runs.ts'
import type { ParameterSpec } from '../models/network.ts'
import { unpack } from '../models/parameters.ts'
import { type PlainBatch, stackParts, tensorsOf } from '../models/parts.ts'
import type { Pause } from '../pause.ts'
import { mean } from '../statistics.ts'
import type { TrainingTask, Validation } from '../training/task.ts'
import { advise } from './health.ts'
import type { Judgement, Parts, SslMethod } from './method.ts'
import type { Trunk } from './trunk.ts'

const MOST_SAMPLES = 64

/** The held-out samples that a pretext is judged on: at most 64, spread over all of them. */
export function judgedSamples<T>(all: readonly T[]): T[] {
  if (all.length <= MOST_SAMPLES) return [...all]
  return Array.from({ length: MOST_SAMPLES }, (_, i) => all[Math.floor((i * all.length) / MOST_SAMPLES)])
}

/** The held-out samples of a pretext, and the method that judges them. */
export interface HeldOut {
  readonly method: SslMethod
  readonly methodConfig: unknown
  readonly trunk: Trunk
  readonly specs: readonly ParameterSpec[]
  /** Held-out samples, and samples of the training. */
  readonly counts: { readonly heldOut: number; readonly training: number }
  /** Parts of a held-out sample, equal at every call. */
  parts(place: number): Promise<Parts>
}

/** Mean of judgements over equally many samples. */
function meanJudgement(judgements: readonly Judgement[]): Judgement {
  const losses = judgements.map(({ loss }) => loss)
  const names = Object.keys(judgements[0].figures)
  return {
    loss: losses.every(loss => loss !== null) ? mean(losses) : null,
    figures: Object.fromEntries(names.map(name => [name, mean(judgements.map(({ figures }) => figures[name]))])),
  }
}

/** Validates nothing with fewer than two held-out samples. The samples are prepared at the first validation. */
export function heldOutValidation(given: HeldOut): TrainingTask['validate'] {
  const { method, methodConfig, trunk, specs, counts } = given
  /** Batches that are judged one by one. Samples that are compared with each other are one batch. */
  let judged: PlainBatch[] | null = null
  const advised = new Set<string>()
  let judgements = 0

  async function prepare(pause: Pause): Promise<PlainBatch[]> {
    const parts: Parts[] = []
    for (let place = 0; place < counts.heldOut; place++) {
      await pause()
      parts.push(await given.parts(place))
    }
    return (method.separable ? parts.map(sample => [sample]) : [parts]).map(stackParts)
  }

  function validationOf({ loss, figures }: Judgement): Validation {
    const chance = method.chanceLoss(methodConfig, { batch: counts.heldOut, samples: counts.training })
    const health = { judgement: ++judgements, loss, chance, figures }
    const advice = advise(health, method.figures).filter(({ code }) => !advised.has(code))
    for (const { code } of advice) advised.add(code)
    const extra = loss === null || chance === null ? figures : { ...figures, [HELD_OUT_CHANCE]: chance }
    return { loss, metrics: null, extra, advice }
  }

  return async (flat, pause) => {
    if (counts.heldOut < 2) return null
    judged ??= await prepare(pause)
    const parameters = tf.tidy(() => unpack(flat, specs))
    const batches = judged.map(tensorsOf)
    try {
      const outcomes: Judgement[] = []
      for (const batch of batches) {
        await pause()
        outcomes.push(await method.judge(methodConfig, trunk, parameters, batch))
      }
      return validationOf(meanJudgement(outcomes))
    } finally {
      tf.dispose([...batches, ...Object.values(parameters)])
    }
  }
}
