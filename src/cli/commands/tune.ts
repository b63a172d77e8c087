/** Finds λ of a classical method on the validation patients of a study. */
import Table from 'cli-table3'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { CLASSICAL_IDS, classicalInWords } from '../../contract/classical.ts'
import {
  CRITERIA,
  MOST_ITERATION_COUNTS,
  type NamedSettings,
  sourceOfSettings,
  type Tuning,
  TuningRequest,
} from '../../contract/tuning.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { protocolSentence, RESEARCH_ONLY } from '../../presentation/protocol.ts'
import { bestPoint, CRITERION_LABELS, edgeInWords, formatCriterion } from '../../presentation/tuning.ts'
import { CLASSICAL } from '../../services/runs/catalogue.ts'
import { findStudy } from '../../services/studies/studies.ts'
import { classicalId } from '../../services/viewing/classical.ts'
import { tune } from '../../services/viewing/tuning.ts'
import {
  addMaskOptions,
  addSettingsOptions,
  iterationList,
  type MaskOptions,
  maskFrom,
  refuseForeign,
  STUDY_HELP,
  settingsFrom,
  sliceSelection,
} from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, progressBar, say } from '../terminal.ts'

/** The methods with a λ, and their settings besides λ and the iterations. */
const GROUPS = CLASSICAL_IDS.filter(id => 'lambda' in CLASSICAL[id].config.shape).map(id => {
  const { lambda: _lambda, iterations: _iterations, ...shape } = CLASSICAL[id].config.shape as z.ZodRawShape
  const schema = z.object(shape)
  return { id, heading: `Settings of ${CLASSICAL[id].label} (${id}):`, schema, standards: schema.parse({}) }
})

interface Options extends MaskOptions {
  readonly study: string
  readonly slices: SliceSelection
  readonly criterion: Tuning['criterion']
  readonly iterations?: number[]
  readonly name?: string
}

/** A row per λ, a column per number of iterations. The best value is marked. */
function curve({ criterion, points }: Tuning): string {
  const best = bestPoint({ criterion, points })
  const iterations = [...new Set(points.map(point => point.iterations))]
  const table = new Table({
    head: ['λ', ...iterations.map(number => `${number} iterations`)],
    style: { head: [], border: [], compact: true },
  })
  for (const lambda of new Set(points.map(point => point.lambda)))
    table.push([
      lambda,
      ...points
        .filter(point => point.lambda === lambda)
        .map(point => `${formatCriterion(criterion, point.mean)}${point === best ? ' *' : ''}`),
    ])
  return table.toString()
}

function describe(saved: NamedSettings, tuning: Tuning): string {
  const { criterion, volumes, zeroFilled, skipped } = tuning
  const label = CRITERION_LABELS[criterion]
  const source = sourceOfSettings(saved)
  return [
    `${CLASSICAL[saved.classical].label}, ${label}, mean over ${volumes.length} validation volumes of ` +
      `“${tuning.study.name}” (* best)`,
    curve(tuning),
    `Zero-filled images have ${label} ${formatCriterion(criterion, zeroFilled)}.`,
    ...skipped.map(({ path, reason }) => `Left out ${path}: ${reason}`),
    ...edgeInWords(tuning),
    protocolSentence(tuning.protocol),
    `Saved as ${source} (${saved.name}): ${classicalInWords(saved)}. To use it: --run ${source}`,
    RESEARCH_ONLY,
  ].join('\n')
}

export function tuneCommand(): Command {
  const command = addMaskOptions(
    new Command('tune')
      .description('Find λ and iterations of a classical method on the validation patients of a study')
      .argument('<method>', GROUPS.map(({ id }) => id).join(', '))
      .requiredOption('--study <name>', STUDY_HELP)
      .addOption(
        new Option('--slices <which>', 'all, middle, every:N or A-B (from 1)')
          .argParser(sliceSelection)
          .default({ kind: 'middle' }, 'middle'),
      )
      .addOption(
        new Option('--criterion <metric>', 'what is best, as the mean over the validation volumes')
          .choices(CRITERIA)
          .default(CRITERIA[0]),
      )
      .option(
        '--iterations <list>',
        `at most ${MOST_ITERATION_COUNTS} numbers of iterations to try: 5,10,30 ` +
          '(default: a sixth, a third, two thirds and all of the usual number)',
        iterationList,
      )
      .option('--name <name>', 'name of the settings (default: made of study and mask)'),
  )
  addSettingsOptions(command, GROUPS)
  return command.action((method: string, options: Options, given: Command) =>
    inSession(given, async ({ services, json, signal }) => {
      const classical = classicalId(method)
      const chosen = GROUPS.filter(({ id }) => id === classical)
      const settings = options as unknown as Record<string, unknown>
      refuseForeign(settings, {
        all: GROUPS,
        chosen: chosen.map(({ schema }) => schema),
        of: CLASSICAL[classical].label,
      })
      const { slices, criterion, name } = options
      const request = {
        ...{ study: findStudy(services.profile, options.study).id, classical, slices, criterion, name },
        config: chosen.length > 0 ? settingsFrom(chosen[0].schema, settings) : {},
        mask: maskFrom(options),
        iterations: options.iterations,
      }
      const bar = progressBar('Tuning')
      const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
        bar.update(Math.floor(done), Math.ceil(total), label)
      const saved = await tune(services, TuningRequest.parse(request), { onProgress, signal })
        .catch(error => {
          if (signal.aborted) say('Computed scores are kept. The same command continues from here.')
          throw error
        })
        .finally(() => bar.stop())
      if (json) printJson({ source: sourceOfSettings(saved), ...saved })
      else print(describe(saved, saved.tuning!))
    }),
  )
}
