import process from 'node:process'
import { Command } from 'commander'
import type { TrainingEvent } from '../../contract/runs.ts'
import { callersFolder } from '../../services/profile/paths.ts'
import { tableText } from '../../services/reports/index.ts'
import { runDemo } from '../../services/reproduction/demo.ts'
import { demonstrationStudy } from '../../services/studies/demonstration.ts'
import { findStudy } from '../../services/studies/studies.ts'
import { overwriteOption, STUDY_HELP, wholeNumber } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, say, sayReplaced, trainingProgress } from '../terminal.ts'

interface Options {
  readonly study?: string
  readonly out: string
  readonly overwrite: boolean
  readonly seed: number
  readonly channels: number
}

/** One progress display after another, a training each. */
function parts() {
  let current: ReturnType<typeof trainingProgress> | null = null
  return {
    onPart(label: string) {
      current?.stop()
      say(`${label} …`)
      current = trainingProgress(label)
    },
    onBusy: (owner: string) => say(`waiting for ${owner} (Ctrl+C gives up)`),
    onEvent: (event: TrainingEvent) => current?.onEvent(event),
    stop: () => current?.stop(),
  }
}

export const demoCommand = (): Command =>
  new Command('demo')
    .description(
      'The report’s Table 1 at demonstration scale: SimCLR pre-training and fine-tuning, the control, a baseline from scratch',
    )
    .option('--study <name>', `${STUDY_HELP} (default: the demonstration study)`)
    .option('--out <folder>', 'where the figure and the page go', 'self-mri-report')
    .addOption(overwriteOption('other results of Self-MRI there too'))
    .option('--seed <n>', 'seed of weights, order, masks and augmentations', wholeNumber, 0)
    .option('--channels <n>', 'top-level channels of the U-Net', wholeNumber, 16)
    .action((options: Options, command: Command) =>
      inSession(command, async ({ services, signal, stop, json }) => {
        const study =
          options.study === undefined
            ? await demonstrationStudy(services, signal)
            : findStudy(services.profile, options.study)
        for (const remark of study.remarks) say(remark)
        const progress = parts()
        const { seed, channels, overwrite } = options
        const request = { study, seed, channels, directory: callersFolder(options.out), overwrite }
        const { report, replaced } = await runDemo(services, request, { ...progress, signal, stop }).finally(() =>
          progress.stop(),
        )
        if (json) return printJson(overwrite ? { ...report, replaced } : report)
        if (overwrite) sayReplaced(replaced)
        print(tableText(report, process.stdout.columns ?? 120))
        print(`\nFigure: ${report.files.figure}\nPage:   ${report.files.page}`)
      }),
    )
