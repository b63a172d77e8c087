/** The demonstration: Table 1 for one method and one seed, resumable. */
import process from 'node:process'
import { Command } from 'commander'
import { callersFolder } from '../../services/profile/paths.ts'
import { demoText } from '../../services/reports/index.ts'
import { demoRequest, openDemoFolder, writeDemo } from '../../services/reproduction/demo.ts'
import { begin } from '../../services/reproduction/index.ts'
import { draw } from '../../services/reproduction/save.ts'
import { readyStudy } from '../../services/studies/contents/ready.ts'
import { demonstrationStudy } from '../../services/studies/demonstration.ts'
import { findStudy } from '../../services/studies/studies.ts'
import { carryOut } from '../carry-out.ts'
import { overwriteOption, STUDY_HELP, wholeNumber } from '../options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, readingBar, say, sayReplaced } from '../terminal.ts'

interface Options {
  readonly study?: string
  readonly out: string
  readonly overwrite: boolean
  readonly seed: number
  readonly channels: number
}

async function demonstrate({ study: name, out, overwrite, seed, channels }: Options, session: Session): Promise<void> {
  const { services, signal, json } = session
  const chosen = name === undefined ? await demonstrationStudy(services, signal) : findStudy(services.profile, name)
  const folder = callersFolder(out)
  await openDemoFolder(services.profile, folder, overwrite)
  const { onProgress, stop } = readingBar()
  const study = await readyStudy(services, chosen, undefined, { onProgress, signal }).finally(stop)
  for (const remark of study.remarks) say(remark)
  const begun = begin(services, { request: demoRequest(study, { seed, channels }) })
  await carryOut(session, begun, { stopAtFailure: true })
  const drawn = await draw(services, begun.plan, begun.report(), signal)
  const { report: whole, replaced } = await writeDemo(services.profile, drawn, folder, overwrite)
  // The JSON keeps the remarks known before the files were read, as in earlier versions. The page has all remarks.
  const report = { ...whole, remarks: chosen.remarks }
  if (json) return printJson(overwrite ? { ...report, replaced } : report)
  if (overwrite) sayReplaced(replaced)
  print(demoText(drawn.report, process.stdout.columns ?? 120))
  print(`\nFigure: ${report.files.figure}\nPage:   ${report.files.page}`)
}

export const demoCommand = (): Command =>
  new Command('demo')
    .description(
      'Table 1 of the original work at demonstration scale: ' +
        'SimCLR pre-training and fine-tuning, the control, a baseline from scratch',
    )
    .option('--study <name>', `${STUDY_HELP} (default: the demonstration study)`)
    .option('--out <folder>', 'folder for the figure and the page', 'self-mri-report')
    .addOption(overwriteOption('other results of Self-MRI in the folder'))
    .option('--seed <n>', 'seed of weights, order, masks and augmentations', wholeNumber, 0)
    .option('--channels <n>', 'top-level channels of the U-Net', wholeNumber, 16)
    .action((options: Options, command: Command) => inSession(command, session => demonstrate(options, session)))
