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
import { addMaskOptions, addSchemaOptions, maskFrom, settingsFrom, sliceSelection, wholeNumber } from '../options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, say, trainingProgress } from '../terminal.ts'
import { describeRun } from './runs.ts'

interface CommonOptions extends Record<string, unknown> {
  readonly study?: string
  readonly seed: number
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
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
      .option('--slices <which>', 'all, middle, every:N or A-B (default: as the study has it)', sliceSelection)
      .option('--seed <n>', 'seed of weights, order, masks and augmentations', wholeNumber, 0),
  )

const studyOf = ({ services, signal }: Session, name: string | undefined): Promise<Study> | Study =>
  name === undefined ? demonstrationStudy(services, signal) : findStudy(services, name)

/** The recipe with what the user wants otherwise. */
const recipeFrom = (recipe: Recipe, { epochs, batch, rate }: CommonOptions): Recipe => ({
  ...recipe,
  epochs: epochs ?? recipe.epochs,
  batch: batch ?? recipe.batch,
  schedule: { ...recipe.schedule, rate: rate ?? recipe.schedule.rate },
})

async function perform(session: Session, title: string, request: RunRequest): Promise<RunRow> {
  const progress = trainingProgress(title)
  try {
    return await startRun(session.services, request, {
      onEvent: progress.onEvent,
      onStart: run => say(`${title}: run ${run} on study "${request.study.name}"`),
      signal: session.signal,
    })
  } finally {
    progress.stop()
  }
}

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
      show([await perform(session, `${method.label} pre-training`, { study, config, parent: null })], session.json)
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
      show([await perform(session, 'Training', { study, config, parent: null })], session.json)
    }),
  )
}

export function fineTuneCommand(): Command {
  const command = addCommonOptions(
    new Command('finetune').description('Fine-tune a pre-trained network, with ground truth'),
    FINE_TUNING,
  )
    .requiredOption('--from <run>', 'a run’s number, or a safetensors file with fastMRI’s U-Net names')
    .option('--control', 'train the same-seed control beside: the same fine-tuning without pre-training')
  return command.action((options: CommonOptions & { from: string; control?: boolean }) =>
    inSession(command, async session => {
      const file = callersPath(options.from)
      const isFile = existsSync(file) && !/^\d+$/.test(options.from)
      const parent = isFile ? null : findRun(session.services, options.from)
      const study = await studyOf(session, options.study ?? parent?.study)
      const network = parent
        ? { network: parent.network, networkConfig: parent.config.networkConfig }
        : networkOfCheckpoint(file)
      const config = supervisedConfig(
        'finetune',
        commonConfig(network, study, options),
        recipeFrom(FINE_TUNING, options),
      )
      const runs = [
        await perform(session, 'Fine-tuning', { study, config, parent: parent ? { run: parent.id } : { file } }),
      ]
      if (options.control)
        runs.push(await perform(session, 'Control', { study, config: { ...config, kind: 'train' }, parent: null }))
      show(runs, session.json)
    }),
  )
}
