/** pretrain, finetune and train: three ways to configure the same training. */
import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { Pretext, type Recipe, type RunConfig, type RunRow } from '../../contract/runs.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { BASELINE, FINE_TUNING, METHODS, methodOf, NETWORKS, networkOf } from '../../services/catalogue.ts'
import { networkOfCheckpoint } from '../../services/checkpoints.ts'
import { demonstrationStudy } from '../../services/demonstration.ts'
import { callersPath } from '../../services/profile.ts'
import { findRun } from '../../services/runs.ts'
import { findStudy, type Study } from '../../services/studies.ts'
import { type CommonConfig, type RunRequest, startRun, supervisedConfig } from '../../services/training.ts'
import {
  addMaskOptions,
  addSchemaOptions,
  epochList,
  maskFrom,
  parseRecipe,
  settingsFrom,
  sliceSelection,
  wholeNumber,
} from '../options.ts'
import { perform } from '../perform.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson } from '../terminal.ts'
import { describeRun } from './runs.ts'

interface CommonOptions extends Record<string, unknown> {
  readonly study?: string
  readonly seed: number
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
  readonly accumulate?: number
  readonly warmup?: number
  readonly clipNorm?: number
  readonly patience?: number
  readonly saveMinutes?: number
  readonly milestones?: number[]
  /** False: `--no-wait`. */
  readonly wait: boolean
  readonly slices?: SliceSelection
  readonly mask: string
  readonly acceleration: number
  readonly centerFraction: number
}

const addCommonOptions = (command: Command, recipe: Recipe): Command =>
  addMaskOptions(
    command
      .option('--study <name>', 'name or number (default: the demonstration study)')
      .option('--epochs <n>', `how often every slice is seen (default: ${recipe.epochs})`, wholeNumber)
      .option('--batch <n>', `slices a step (default: ${recipe.batch})`, wholeNumber)
      .option('--rate <n>', `learning rate at the start (default: ${recipe.schedule.rate})`, Number)
      .option('--accumulate <n>', 'batches whose gradients are averaged in one step (default: 1)', wholeNumber)
      .option('--warmup <epochs>', 'epochs in which the rate rises from 0 (default: 0)', wholeNumber)
      .option('--clip-norm <n>', 'largest L2 norm of the gradient; longer ones are scaled down to it', Number)
      .option('--patience <n>', 'end after so many validations without a lower loss', wholeNumber)
      .option('--save-minutes <n>', 'how often the state is saved within an epoch (default: 5)', Number)
      .option('--milestones <epochs>', 'epochs whose weights are kept for good: 100,200,500', epochList)
      .option('--no-wait', 'refuse instead of waiting while another program trains on the device')
      .option('--slices <which>', 'all, middle, every:N or A-B (default: as the study has it)', sliceSelection)
      .option('--seed <n>', 'seed of weights, order, masks and augmentations', wholeNumber, 0),
  )

const studyOf = ({ services, signal }: Session, name: string | undefined): Promise<Study> | Study =>
  name === undefined ? demonstrationStudy(services, signal) : findStudy(services, name)

/** The recipe with what the user wants otherwise. */
function recipeFrom(recipe: Recipe, { rate, patience, ...options }: CommonOptions): Recipe {
  const numbers = ['epochs', 'batch', 'accumulate', 'warmup', 'clipNorm', 'saveMinutes', 'milestones'] as const
  const given = numbers.filter(name => options[name] !== undefined).map(name => [name, options[name]])
  return parseRecipe({
    ...recipe,
    ...Object.fromEntries(given),
    schedule: { ...recipe.schedule, rate: rate ?? recipe.schedule.rate },
    earlyStopping: patience === undefined ? recipe.earlyStopping : { patience },
  })
}

const start = (session: Session, title: string, request: RunRequest, { wait }: CommonOptions): Promise<RunRow> =>
  perform({ session, title, noWait: !wait, on: `study "${request.study.name}"` }, (services, options) =>
    startRun(services, request, options),
  )

function show(runs: readonly RunRow[], json: boolean): void {
  if (json) printJson(runs.length === 1 ? runs[0] : runs)
  else for (const run of runs) print(describeRun(run))
}

const commonConfig = (
  network: Pick<RunConfig, 'network' | 'networkConfig'>,
  study: Study,
  options: CommonOptions,
): CommonConfig => ({
  ...network,
  mask: maskFrom(options),
  slices: options.slices ?? study.slices,
  seed: options.seed,
})

function networkFrom(options: { network: string } & Record<string, unknown>) {
  return {
    network: options.network,
    networkConfig: settingsFrom(networkOf(options.network).config, options) as Record<string, unknown>,
  }
}

function addNetworkOptions(command: Command): Command {
  command.addOption(
    new Option('--network <id>', 'reconstruction network').choices(Object.keys(NETWORKS)).default('unet'),
  )
  for (const network of Object.values(NETWORKS)) addSchemaOptions(command, network.config, `${network.label}:`)
  return command
}

export function pretrainCommand(): Command {
  const command = new Command('pretrain').description(
    'Pre-train a network without ground truth, on sub-sampled images alone',
  )
  command.addOption(
    new Option('--method <id>', 'self-supervised method').choices(Object.keys(METHODS)).default('simclr'),
  )
  addNetworkOptions(addCommonOptions(command, METHODS.simclr.recipe))
  for (const method of Object.values(METHODS)) addSchemaOptions(command, method.config, `${method.label}:`)
  addSchemaOptions(command, Pretext, 'What the pretext may see:')
  return command.action((options: CommonOptions & { method: string; network: string }) =>
    inSession(command, async session => {
      const study = await studyOf(session, options.study)
      const method = methodOf(options.method)
      const config: RunConfig = {
        ...commonConfig(networkFrom(options), study, options),
        kind: 'pretrain',
        recipe: recipeFrom(method.recipe, options),
        method: options.method,
        methodConfig: settingsFrom(method.config, options) as Record<string, unknown>,
        pretext: settingsFrom(Pretext, options),
      }
      show(
        [await start(session, `${method.label} pre-training`, { study, config, parent: null }, options)],
        session.json,
      )
    }),
  )
}

export function trainCommand(): Command {
  const command = addNetworkOptions(
    addCommonOptions(new Command('train').description('Train a network from scratch, with ground truth'), BASELINE),
  )
  command.option(
    '--step-epochs <n>',
    `epochs until the rate falls to a tenth (default: ${BASELINE.schedule.kind === 'step' ? BASELINE.schedule.every : '–'})`,
    wholeNumber,
  )
  return command.action((options: CommonOptions & { network: string; stepEpochs?: number }) =>
    inSession(command, async session => {
      const study = await studyOf(session, options.study)
      const recipe: Recipe = options.stepEpochs
        ? {
            ...BASELINE,
            schedule: { kind: 'step', rate: BASELINE.schedule.rate, every: options.stepEpochs, factor: 0.1 },
          }
        : BASELINE
      const config = supervisedConfig(
        'train',
        commonConfig(networkFrom(options), study, options),
        recipeFrom(recipe, options),
      )
      show([await start(session, 'Training', { study, config, parent: null }, options)], session.json)
    }),
  )
}

export function fineTuneCommand(): Command {
  const command = addCommonOptions(
    new Command('finetune').description('Fine-tune a pre-trained network, with ground truth'),
    FINE_TUNING,
  )
    .requiredOption(
      '--from <run>',
      'a run’s number, RUN@EPOCH for one of its milestones, or a safetensors file with fastMRI’s U-Net names',
    )
    .option('--control', 'train the same-seed control beside: the same fine-tuning without pre-training')
  return command.action((options: CommonOptions & { from: string; control?: boolean }) =>
    inSession(command, async session => {
      const file = callersPath(options.from)
      const isFile = existsSync(file) && !/^\d+(@\d+)?$/.test(options.from)
      const [id, epoch] = options.from.split('@')
      const parent = isFile ? null : findRun(session.services, id)
      const study = await studyOf(session, options.study ?? parent?.study)
      const network = parent
        ? { network: parent.network, networkConfig: parent.config.networkConfig }
        : networkOfCheckpoint(file)
      const config = supervisedConfig(
        'finetune',
        commonConfig(network, study, options),
        recipeFrom(FINE_TUNING, options),
      )
      const from = parent ? { run: parent.id, epoch: epoch === undefined ? null : Number(epoch) } : { file }
      const runs = [await start(session, 'Fine-tuning', { study, config, parent: from }, options)]
      if (options.control) {
        const request = { study, config: { ...config, kind: 'train' as const }, parent: null }
        runs.push(await start(session, 'Control', request, options))
      }
      show(runs, session.json)
    }),
  )
}
