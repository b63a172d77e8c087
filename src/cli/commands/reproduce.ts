/** The reproduction of all rows on a study, resumable. */
import process from 'node:process'
import { Command, InvalidArgumentError, Option } from 'commander'
import { CLASSICAL_IDS } from '../../contract/classical.ts'
import { ReproductionRequest, SCALES, type Scale } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import { failureLines } from '../../presentation/findings.ts'
import { callersFolder } from '../../services/profile/paths.ts'
import { reportText } from '../../services/reports/index.ts'
import { blockNetworks } from '../../services/reproduction/blocks.ts'
import { withSettings } from '../../services/reproduction/classical.ts'
import { begin, planOf } from '../../services/reproduction/index.ts'
import { syntheticKneeStudy } from '../../services/reproduction/knee.ts'
import { draw, openFolder, outlineOf, requireRowsKept, writeFiles } from '../../services/reproduction/save.ts'
import { METHODS } from '../../services/runs/catalogue.ts'
import { readyStudy } from '../../services/studies/contents/ready.ts'
import { demonstrationStudy } from '../../services/studies/demonstration.ts'
import { findStudy } from '../../services/studies/studies.ts'
import { carryOut } from '../carry-out.ts'
import { addExecutionOptions } from '../execution-options.ts'
import { overwriteOption, STUDY_HELP, wholeNumber } from '../options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, progressBar, readingBar, say, sayReplaced } from '../terminal.ts'

interface Options {
  readonly study?: string
  readonly syntheticKnee?: boolean
  readonly scale: Scale
  readonly seeds: number
  readonly methods?: string[]
  readonly classical?: string[]
  readonly networks?: string[]
  readonly leaveOneOut?: boolean
  readonly headline?: boolean
  readonly out: string
  readonly overwrite: boolean
}

function seeds(text: string): number {
  const count = wholeNumber(text)
  if (!ReproductionRequest.shape.seeds.safeParse(count).success) throw new InvalidArgumentError('Expected 1 to 20.')
  return count
}

async function studyOf({ study, syntheticKnee }: Options, { services, signal }: Session): Promise<Study> {
  if (study !== undefined) return findStudy(services.profile, study)
  if (!syntheticKnee) return demonstrationStudy(services, signal)
  const bar = progressBar('Synthetic knee')
  const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
    bar.update(done, total, label)
  return syntheticKneeStudy(services, { onProgress, signal }).finally(() => bar.stop())
}

async function reproduce(options: Options, session: Session): Promise<void> {
  const { services, signal, json } = session
  const out = callersFolder(options.out)
  const before = await openFolder(services.profile, out, options.overwrite)
  const reading = readingBar()
  const { onProgress } = reading
  const study = await readyStudy(services, await studyOf(options, session), undefined, { onProgress, signal }).finally(
    () => reading.stop(),
  )
  for (const remark of study.remarks) say(remark)
  const { scale, methods, classical, networks, leaveOneOut = false, headline = false } = options
  const what = { methods, classical, ...(networks && { networks }) }
  const asked = { study: study.id, scale, seeds: options.seeds, ...what, leaveOneOut, headline }
  const request = withSettings(services.profile, asked)
  if (!options.overwrite) requireRowsKept(out, before, outlineOf(planOf(services.profile, request)))
  const begun = begin(services, { request }, before)
  const { plan } = begun
  for (const reduction of plan.reductions) say(reduction)
  const known = plan.known.size
  if (known > 0) say(`${out} already has ${known} of ${plan.rows.length} rows. They are not computed again.`)
  const keys = new Set(plan.rows.map(({ key }) => key))
  const others = (before?.rows ?? []).filter(({ key }) => keys.has(key) && !plan.known.has(key)).length
  if (others > 0)
    say(`${others} rows in ${out} have other contents, or an earlier version wrote them. They are not used.`)

  await carryOut(session, begun)
  const drawn = await draw(services, plan, begun.report(), signal)
  const { page, replaced } = await writeFiles(services.profile, drawn, out, options.overwrite)
  for (const line of failureLines(drawn.report)) say(line)
  if (!drawn.report.complete) process.exitCode = 1
  if (json) return printJson(options.overwrite ? { ...drawn.report, replaced } : drawn.report)
  if (options.overwrite) sayReplaced(replaced)
  print(reportText(drawn.report, process.stdout.columns ?? 120))
  print(`\nPage: ${page}`)
}

export const reproduceCommand = (): Command =>
  addExecutionOptions(new Command('reproduce'))
    .alias('study')
    .description(
      'Reproduce the original work on a study: baselines, each method’s pre-training and fine-tuning, and controls. ' +
        'After a stop, the same command continues the reproduction.',
    )
    .addOption(
      new Option('--study <name>', `${STUDY_HELP} (default: the demonstration study)`).conflicts('syntheticKnee'),
    )
    .option('--synthetic-knee', 'use the synthetic knee study, and make it if the profile has none')
    .addOption(
      new Option(
        '--scale <scale>',
        'full: the original settings; workstation: its recipes; demonstration: reduced to 25 minutes on two cores',
      )
        .choices([...SCALES])
        .default('demonstration'),
    )
    .option('--seeds <n>', 'seeds 0 to n − 1', seeds, 1)
    .option('--methods <ids>', `some of ${Object.keys(METHODS).join(', ')} (default: all)`, text => text.split(','))
    .option(
      '--classical <ids>',
      `rows without training, for studies with several coils: some of ${CLASSICAL_IDS.join(', ')}, or all; ` +
        'cg-sense:3 for named settings (default: none)',
      text => (text === 'all' ? [...CLASSICAL_IDS] : text.split(',')),
    )
    .option(
      '--networks <ids>',
      `networks with a block of rows each, beside a U-Net of equal time: some of ${blockNetworks().join(', ')}, ` +
        'or all (default: none)',
      text => (text === 'all' ? blockNetworks() : text.split(',')),
    )
    .option('--leave-one-out', 'each patient is the test patient once, and another patient chooses the checkpoint')
    .option('--headline', 'baselines, fine-tunings and their controls only')
    .option('--out <folder>', 'folder for the page, the figures and the numbers', 'self-mri-study')
    .addOption(overwriteOption('other reports and results of Self-MRI in the folder'))
    .action((options: Options, command: Command) => inSession(command, session => reproduce(options, session)))
