/** pretrain, finetune and train: three commands that configure a training. */
import { existsSync, statSync } from 'node:fs'
import { Command, Option } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { RunConfig, RunRow } from '../../contract/runs.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { callersPath } from '../../services/profile/paths.ts'
import { fineTuningOf, methodOf, NETWORKS, networkOf } from '../../services/runs/catalogue.ts'
import { networkOfCheckpoint } from '../../services/runs/checkpoints.ts'
import { networkAround } from '../../services/runs/network-around.ts'
import { findRun } from '../../services/runs/runs.ts'
import { type CommonConfig, type RunRequest, startRun, supervisedConfig } from '../../services/runs/training.ts'
import { demonstrationStudy } from '../../services/studies/demonstration.ts'
import { findStudy, type Study } from '../../services/studies/studies.ts'
import { addExecutionOptions } from '../execution-options.ts'
import {
  addMaskOptions,
  addSettingsOptions,
  type MaskOptions,
  maskFrom,
  type NamedWeights,
  namedWeights,
  refuseForeign,
  STUDY_HELP,
  settingsFrom,
  sliceSelection,
  wholeNumber,
  yesOrNo,
} from '../options.ts'
import { perform } from '../perform.ts'
import {
  addMethodOption,
  addRecipeOptions,
  chosenRecipe,
  NETWORK_SETTINGS,
  networkFrom,
  onChosenNetwork,
  PRETRAINING_SETTINGS,
  type RecipeChoice,
} from '../recipe-choice.ts'
import { addRecipeFields, fieldOption, type RecipeFields, recipeFrom } from '../recipe-options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson } from '../terminal.ts'
import { describeRun } from './runs.ts'

interface CommonOptions extends RecipeFields, MaskOptions, Record<string, unknown> {
  readonly study?: string
  readonly seed: number
  /** False: `--no-wait`. */
  readonly wait: boolean
  readonly slices?: SliceSelection
}

const addCommonOptions = (command: Command): Command =>
  addExecutionOptions(
    addMaskOptions(
      addRecipeFields(command.option('--study <name>', `${STUDY_HELP} (default: the demonstration study)`))
        .option('--no-wait', 'fail at once, instead of waiting, if another program trains on the device')
        .option('--slices <which>', 'all, middle, every:N or A-B (default: the slices of the study)', sliceSelection)
        .option('--seed <n>', 'seed of weights, order, masks and augmentations', wholeNumber, 0),
    ),
  )

const studyOf = ({ services, signal }: Session, name: string | undefined): Promise<Study> | Study =>
  name === undefined ? demonstrationStudy(services, signal) : findStudy(services.profile, name)

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

export function pretrainCommand(): Command {
  const command = new Command('pretrain').description('Pre-train a network on sub-sampled images, without ground truth')
  addCommonOptions(addRecipeOptions(addMethodOption(command), 'workstation'))
  addSettingsOptions(command, PRETRAINING_SETTINGS)
  return command.action((options: CommonOptions & RecipeChoice) =>
    inSession(command, async session => {
      const study = await studyOf(session, options.study)
      const recipe = onChosenNetwork(chosenRecipe(session.services, options.recipe, options.method), options)
      const method = methodOf(recipe.method!)
      const network = networkFrom(recipe, options)
      const { label, config: schema } = networkOf(network.network)
      const chosen = [schema, method.config, Pretext]
      refuseForeign(options, { all: PRETRAINING_SETTINGS, chosen, of: `${method.label} on ${label}` })
      const config: RunConfig = {
        ...commonConfig(network, study, options),
        kind: 'pretrain',
        recipe: recipeFrom(recipe.training, options),
        method: recipe.method,
        methodConfig: settingsFrom(method.config, options, recipe.methodConfig) as Record<string, unknown>,
        pretext: settingsFrom(Pretext, options, recipe.pretext ?? {}),
        fineTuning: recipe.fineTuning,
      }
      show(
        [await start(session, `${method.label} pre-training`, { study, config, parent: null }, options)],
        session.json,
      )
    }),
  )
}

export function trainCommand(): Command {
  const command = new Command('train').description('Train a network from scratch, with ground truth')
  addCommonOptions(addRecipeOptions(command, 'original')).option(
    '--step-epochs <n>',
    'epochs until the learning rate falls to a tenth (default: the recipe’s)',
    wholeNumber,
  )
  addSettingsOptions(command, NETWORK_SETTINGS)
  return command.action((options: CommonOptions & RecipeChoice & { stepEpochs?: number }) =>
    inSession(command, async session => {
      const study = await studyOf(session, options.study)
      const named = onChosenNetwork(chosenRecipe(session.services, options.recipe, null, options.network), options)
      const network = networkFrom(named, options)
      const { label, config: schema } = networkOf(network.network)
      refuseForeign(options, { all: NETWORK_SETTINGS, chosen: [schema], of: label })
      const { training } = named
      const recipe: Recipe = options.stepEpochs
        ? {
            ...training,
            schedule: { kind: 'step', rate: training.schedule.rate, every: options.stepEpochs, factor: 0.1 },
          }
        : training
      const config = supervisedConfig('train', commonConfig(network, study, options), recipeFrom(recipe, options))
      show([await start(session, 'Training', { study, config, parent: null }, options)], session.json)
    }),
  )
}

/** Reads `RUN`, `RUN@EPOCH` or, if a file has this name, `number:RUN`. `null`: `from` names no run. */
function namedRun(from: string, file: string): NamedWeights | null {
  const [, prefix, text] = /^(number:)?(\d+(?:@\d+)?)$/.exec(from) ?? []
  if (text === undefined) return null
  if (!prefix && statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new AppError(
      'AMBIGUOUS',
      `Expected one start, got "${from}", which means run ${from} (write number:${from}) ` +
        `and the file ${file} (write ./${from}).`,
    )
  }
  return namedWeights(text)
}

export function fineTuneCommand(): Command {
  const command = addCommonOptions(
    new Command('finetune').description(
      'Fine-tune a pre-trained network with ground truth, with the fine-tuning recipe of its pre-training',
    ),
  )
    .requiredOption(
      '--from <run>',
      'a run’s number (number:RUN if a file has this name), RUN@EPOCH for a milestone of the run, ' +
        'or a file of safetensors, PyTorch or Lightning with the weights of a network that Self-MRI has',
    )
    .addOption(
      new Option(
        '--network <id>',
        'a network with the pre-trained network inside, such as varnet (default: the network of the start)',
      ).choices(Object.keys(NETWORKS)),
    )
    .addOption(fieldOption('--fresh-output <yes|no>', Recipe.shape.freshOutput, yesOrNo))
    .option('--control', 'also train the control: the same fine-tuning, with the same seed, without pre-training')
  return command.action((options: CommonOptions & { from: string; network?: string; control?: boolean }) =>
    inSession(command, async session => {
      const file = callersPath(options.from)
      const named = namedRun(options.from, file)
      const isFile = !named && existsSync(file)
      const parent = isFile ? null : findRun(session.services.profile, named?.run ?? options.from)
      const study = await studyOf(session, options.study ?? parent?.study)
      const given = parent ? parent.config : { ...networkOfCheckpoint(file), kind: 'import' as const, fineTuning: null }
      const network = networkAround(given, options.network ?? given.network)
      const fineTuning = network.network === given.network ? given.fineTuning : null
      const config = supervisedConfig(
        'finetune',
        commonConfig(network, study, options),
        recipeFrom(fineTuningOf({ ...given, ...network, fineTuning }), options),
      )
      const from = parent ? { run: parent.id, epoch: named?.epoch ?? null } : { file }
      const runs = [await start(session, 'Fine-tuning', { study, config, parent: from }, options)]
      if (options.control) {
        const request = { study, config: { ...config, kind: 'train' as const }, parent: null }
        runs.push(await start(session, 'Control', request, options))
      }
      show(runs, session.json)
    }),
  )
}
