/** The training loop for every pretext and every supervised task. */
import { AppError } from '../../contract/errors.ts'
import { beginningNotes } from '../../contract/notes.ts'
import { OWN_LOSS, type TrainingEvent } from '../../contract/runs.ts'
import type { TrainingSummary } from '../../contract/training-summary.ts'
import { countParameters } from '../models/parameters.ts'
import { makeJob, type TrainingJob } from './job.ts'
import { noteOfChange, spansWithSteps } from './kernel-spans.ts'
import type { Preview } from './preview.ts'
import { afterEpoch, afterStep, afterValidation, epochLosses, isBetter, isOutOfPatience } from './progress.ts'
import { recipeRate } from './schedules.ts'
import type { Progress } from './state.ts'
import type { Training, Validation } from './task.ts'

/**
 * Trains, yields events, and returns the summary. The task decides which weights are kept: the best by validation loss,
 * or the last. If `pause` rejects with `CANCELLED`, the last finished step's weights and the state are written before
 * the error is thrown. A training that resumes there ends with the same weights as a training without interruption, if
 * the kernels are the same. If the kernels are others, a note says so.
 * Throws `NOT_FINITE`, naming epoch, step and slices, if the loss is not finite. Files that were written before stay.
 */
export async function* train(training: Training): AsyncGenerator<TrainingEvent, TrainingSummary> {
  const job = makeJob(training)
  try {
    yield beginning(job)
    const change = noteOfChange(job.progress)
    if (change && !isOver(job)) yield { type: 'note', ...change }
    job.watch.prepared()
    while (!isOver(job)) {
      yield* takeSteps(job)
      yield* endEpoch(job)
    }
    return summaryOf(job)
  } catch (error) {
    if (error instanceof AppError && error.code === 'CANCELLED') yield* save(job)
    throw error
  } finally {
    job.stepper.dispose()
  }
}

const stepsOf = ({ training: { recipe }, perEpoch }: TrainingJob): number => recipe.epochs * perEpoch

function beginning(job: TrainingJob): TrainingEvent {
  const { recipe, notes, resume } = job.training
  const { step, epoch } = job.progress
  const parameters = countParameters(job.specs)
  const size = { steps: stepsOf(job), epochs: recipe.epochs, parameters, ...beginningNotes(notes) }
  return resume ? { type: 'resumed', from: { step, epoch }, ...size } : { type: 'started', ...size }
}

const patienceOf = ({ training: { recipe } }: TrainingJob): number =>
  recipe.earlyStopping?.patience ?? Number.POSITIVE_INFINITY

const isOver = (job: TrainingJob): boolean =>
  job.progress.epoch === job.training.recipe.epochs || isOutOfPatience(job.progress, patienceOf(job))

const atNow = ({ progress, watch }: TrainingJob): Progress => ({ ...progress, seconds: watch.seconds })

/** The remaining steps of the current epoch. */
async function* takeSteps(job: TrainingJob): AsyncGenerator<TrainingEvent, void> {
  const { watch, keeper, perEpoch } = job
  const { pause, recipe } = job.training
  const end = (job.progress.epoch + 1) * perEpoch
  const steps = stepsOf(job)
  while (job.progress.step < end) {
    await pause()
    const losses = await watch.step(() => job.takeStep(job.progress.step))
    job.progress = afterStep(job.progress, losses, watch.lastStep)
    const { step, epoch } = job.progress
    yield { type: 'step', step, steps, epoch: epoch + 1, loss: losses.loss }
    if (keeper.minutes >= recipe.saveMinutes) yield await keeper.state(atNow(job))
  }
}

interface Validated {
  readonly validation: Validation | null
  readonly preview: Preview | null
}

/** Both results are `null` in an epoch without validation. */
async function validate({ training, stepper, watch }: TrainingJob, epoch: number): Promise<Validated> {
  const { task, recipe, pause } = training
  if (epoch !== recipe.epochs && epoch % task.validateEvery !== 0) return { validation: null, preview: null }
  return watch.validation(async () => ({
    validation: await task.validate(stepper.parameters(), pause),
    preview: await task.preview(stepper.parameters()),
  }))
}

/** Validates, reports the epoch, and writes its weights. */
async function* endEpoch(job: TrainingJob): AsyncGenerator<TrainingEvent, void> {
  const { keeper, perEpoch } = job
  const { task, recipe, files } = job.training
  const epoch = job.progress.epoch + 1
  const { validation, preview } = await validate(job, epoch)
  const validationLoss = validation?.loss ?? null
  const learningRate = recipeRate(recipe, job.progress.step - 1, perEpoch)
  requireFiniteLoss(validationLoss, epoch, learningRate)
  const { loss, ownLoss } = epochLosses(job.progress, perEpoch)
  yield {
    type: 'epoch',
    figures: {
      epoch,
      loss,
      learningRate,
      seconds: job.progress.epochSeconds,
      validationLoss,
      validation: validation?.metrics ?? null,
      extra: { ...(task.hasTerm && ownLoss !== null && { [OWN_LOSS]: ownLoss }), ...validation?.extra },
    },
  }
  for (const note of validation?.advice ?? []) yield { type: 'note', ...note }
  if (preview) {
    const { image, ...facts } = preview
    yield { type: 'preview', epoch, ...facts, ...(await files.savePreview(epoch, image)) }
  }
  // The validation enters `job.progress` only when the epoch is whole.
  // A training that is cancelled before validates the epoch again when it resumes.
  const validated = yield* keepBest(job, epoch, validationLoss)
  if (recipe.milestones.includes(epoch)) yield await keeper.weights('milestone', job.progress)
  job.progress = afterEpoch(validated, { loss, ownLoss, validationLoss })
  if (isOver(job) || keeper.due || keeper.minutes >= recipe.saveMinutes) yield* save(job)
  const patience = patienceOf(job)
  if (isOutOfPatience(job.progress, patience) && epoch < recipe.epochs)
    yield {
      type: 'note',
      level: 'info',
      code: 'stopped-early',
      data: { epoch, patience },
      text: `Stopped early, after epoch ${epoch} of ${recipe.epochs}: ${patience} validations without a lower loss.`,
    }
}

function requireFiniteLoss(validationLoss: number | null, epoch: number, learningRate: number): void {
  if (validationLoss === null || Number.isFinite(validationLoss)) return
  throw new AppError(
    'NOT_FINITE',
    `The validation loss became ${validationLoss} after epoch ${epoch}, so these weights are not kept. ` +
      `A lower learning rate may help; it was ${learningRate}.`,
  )
}

/** Writes the weights if they are the best so far and the task keeps the best. Returns the progress afterwards. */
async function* keepBest(
  job: TrainingJob,
  epoch: number,
  validationLoss: number | null,
): AsyncGenerator<TrainingEvent, Progress> {
  let best: Progress['best'] = null
  if (validationLoss !== null && job.training.task.keepBest && isBetter(job.progress, validationLoss)) {
    const written = await job.keeper.weights('best', job.progress)
    best = { path: written.path, sha256: written.sha256, epoch, loss: validationLoss }
    yield written
  }
  return afterValidation(job.progress, validationLoss, best)
}

async function* save(job: TrainingJob): AsyncGenerator<TrainingEvent, void> {
  const last = await job.keeper.weights('last', job.progress)
  job.progress = { ...job.progress, last: { path: last.path, sha256: last.sha256 } }
  yield last
  yield await job.keeper.state(atNow(job))
}

function summaryOf({ training: { run, task, recipe }, progress, watch }: TrainingJob): TrainingSummary {
  const { best, last, loss, ownLoss, validationLoss } = progress
  const { path, sha256 } = best ?? last!
  return {
    run,
    epochs: progress.epoch,
    steps: progress.step,
    batch: recipe.batch * recipe.accumulate,
    seconds: watch.seconds,
    loss: loss!,
    ...(task.chanceLoss !== null && ownLoss !== null && { ownLoss }),
    chanceLoss: task.chanceLoss,
    validationLoss: best?.loss ?? validationLoss,
    bestEpoch: best?.epoch ?? null,
    kernels: spansWithSteps(progress),
    checkpoint: { path, sha256 },
  }
}
