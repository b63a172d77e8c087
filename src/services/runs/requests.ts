/** Requests of the window for trainings. A request is checked at once, so that errors are reported, then queued. */
import type { StartRequest } from '../../contract/api.ts'
import { AppError } from '../../contract/errors.ts'
import { MaskSpec } from '../../contract/evaluation.ts'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { RunConfig } from '../../contract/runs.ts'
import { locateEngine } from '../../engine/install/install.ts'
import type { OpenProfile, ReadOptions } from '../studies/contents/reader.ts'
import { type Study, studyById } from '../studies/studies.ts'
import { fineTuningOf, methodOf, networkOf } from './catalogue.ts'
import { chosenSettings, requireFittingHead } from './chosen-settings.ts'
import type { WithQueue } from './queue.ts'
import { parentOf, prepareResumption } from './resume.ts'
import { findRun, requireHere, storedRun } from './runs.ts'
import {
  type CommonConfig,
  type PreparedRun,
  prepareRun,
  type RunRequest,
  readyRequest,
  supervisedConfig,
} from './training.ts'

export function requireEngine(): void {
  if (locateEngine()) return
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install the engine first.')
}

async function enqueue(
  opened: WithQueue,
  requests: readonly RunRequest[],
  options: ReadOptions = {},
): Promise<string[]> {
  requireEngine()
  const ready: RunRequest[] = []
  for (const request of requests) ready.push(await readyRequest(opened, request, options))
  return opened.queue.add(ready.map(request => prepareRun(opened.profile, request)))
}

function configOf(request: StartRequest, { slices }: Pick<Study, 'slices'>): RunConfig {
  const { network, method, recipe } = request
  const common: CommonConfig = {
    network,
    networkConfig: chosenSettings(networkOf(network).config, request.networkConfig, { of: network }),
    mask: MaskSpec.parse(request.mask ?? {}),
    slices,
    seed: request.seed,
  }
  if (method === null) return supervisedConfig('train', common, recipe)
  const methodConfig = chosenSettings(methodOf(method).config, request.methodConfig, { of: method })
  requireFittingHead({ ...common, method, methodConfig }, recipe.batch)
  return {
    ...common,
    kind: 'pretrain',
    method,
    methodConfig,
    pretext: Pretext.parse(request.pretext ?? {}),
    recipe,
    fineTuning: request.fineTuning ?? null,
  }
}

/** A baseline or a pre-training that has passed all checks without an engine. */
export async function prepareRequested(
  opened: OpenProfile,
  request: StartRequest,
  options: ReadOptions = {},
): Promise<PreparedRun> {
  const study = studyById(opened.profile, request.study)
  const asked = { study, config: configOf(request, study), parent: null }
  return prepareRun(opened.profile, await readyRequest(opened, asked, options))
}

/** Queues a baseline or a pre-training. */
export async function startRequested(
  opened: WithQueue,
  request: StartRequest,
  options: ReadOptions = {},
): Promise<string[]> {
  const prepared = await prepareRequested(opened, request, options)
  requireEngine()
  return opened.queue.add([prepared])
}

/**
 * Queues a fine-tuning of a run's kept weights, or of the weights of a milestone (`epoch`).
 * `control`: also queues the training with the same seed without pre-trained weights.
 */
export async function fineTune(
  opened: WithQueue,
  {
    run,
    control,
    study: chosen,
    recipe: given,
    epoch = null,
  }: {
    readonly run: string
    readonly control: boolean
    readonly study?: number
    readonly recipe?: Recipe
    readonly epoch?: number | null
  },
  options: ReadOptions = {},
): Promise<string[]> {
  const parent = findRun(opened.profile, run)
  if (epoch === null && (parent.status === 'queued' || parent.status === 'running')) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected a run that has ended, got run ${run}, which is ${parent.status}. Wait for its weights.`,
    )
  }
  const own = storedRun(opened.profile, run).study_id
  const study = studyById(opened.profile, chosen ?? own)
  const { network, networkConfig, mask, slices, seed } = parent.config
  const common = { network, networkConfig, mask, slices: study.id === own ? slices : study.slices, seed }
  const config = supervisedConfig('finetune', common, given ?? fineTuningOf(parent.config))
  return enqueue(
    opened,
    [
      { study, config, parent: { run, epoch } },
      ...(control ? [{ study, config: { ...config, kind: 'train' as const }, parent: null }] : []),
    ],
    options,
  )
}

/** Queues a new run with the configuration and the parent of a run. `batch` and `accumulate` replace its values. */
export async function again(
  opened: WithQueue,
  { run, ...changes }: { readonly run: string; readonly batch?: number; readonly accumulate?: number },
  options: ReadOptions = {},
): Promise<string[]> {
  const row = storedRun(opened.profile, run)
  const { config } = findRun(opened.profile, run)
  if (!config.recipe) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a run that was trained here, got run ${run}, an imported checkpoint.`,
    )
  }
  const recipe = Recipe.parse({ ...config.recipe, ...changes })
  const study = studyById(opened.profile, row.study_id)
  return enqueue(opened, [{ study, config: { ...config, recipe }, parent: parentOf(opened.profile, row) }], options)
}

/** Queues an unfinished run again. The run continues from its last state. */
export async function resume(opened: WithQueue, run: string, options: ReadOptions = {}): Promise<void> {
  const resumption = await prepareResumption(opened, run, { ...options, startsAgain: true })
  requireEngine()
  opened.queue.resume(run, resumption)
}

const elsewhere = (run: string, pid: number) =>
  new AppError(
    'STATE_CONFLICT',
    `Expected a run of this program, got run ${run}, which process ${pid} trains. Press Ctrl+C in that program.`,
  )

/** Cancels or pauses a queued or running run of this program. Does nothing if the run has ended. */
export function stopRun(opened: WithQueue, run: string, stop: 'cancel' | 'pause'): void {
  const { status, pid } = storedRun(opened.profile, run)
  if (opened.queue.stopRun(run, stop) || (status !== 'queued' && status !== 'running')) return
  requireHere(opened.profile, run)
  throw elsewhere(run, pid)
}

/** Moves a queued run before another queued run, or to the end (`null`). */
export function moveRun(opened: WithQueue, run: string, before: string | null): void {
  if (opened.queue.move(run, before)) return
  const wrong = [run, before]
    .filter(each => each !== null)
    .map(each => `run ${each}, ${storedRun(opened.profile, each).status}`)
  throw new AppError('STATE_CONFLICT', `Expected runs that wait for their turn here, got ${wrong.join(' and ')}.`)
}
