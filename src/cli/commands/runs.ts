import Table from 'cli-table3'
import { Command } from 'commander'
import type { RunRow } from '../../contract/runs.ts'
import { lossInWords } from '../../contract/training-summary.ts'
import { maskSeedInWords, seededMaskInWords } from '../../presentation/protocol.ts'
import { markEndedElsewhere } from '../../services/runs/interrupted.ts'
import { resumeRun } from '../../services/runs/resume.ts'
import { epochsOf, findRun, listRuns } from '../../services/runs/runs.ts'
import { viewRun } from '../../services/runs/views.ts'
import { addExecutionOptions } from '../execution-options.ts'
import { perform } from '../perform.ts'
import { inSession } from '../session.ts'
import { print, printJson } from '../terminal.ts'

const KIND = {
  pretrain: 'pre-training',
  finetune: 'fine-tuning',
  train: 'training',
  import: 'imported checkpoint',
} as const

const network = (run: RunRow) => `${run.network}${run.channels === null ? '' : `-${run.channels}`}`

/** A caution about the contents of the training data. `null`: the study still has these contents. */
function contentsInWords({ contents, study }: RunRow): string | null {
  if (contents === 'changed') return `files of study "${study}" have changed since: the numbers are of the old contents`
  return contents === 'not recorded'
    ? 'content not recorded: files of its study were written after the run began, or are still unread'
    : null
}

/** A run in a few lines. */
export function describeRun(run: RunRow): string {
  const kind = `${run.method ? `${run.method} ` : ''}${KIND[run.kind]}`
  const lines = [`Run ${run.id}: ${kind} of ${network(run)}${run.parent ? ` from ${run.parent}` : ''}, ${run.status}`]
  if (run.reason) lines.push(`  ${run.reason}`)
  if (run.elsewhere)
    lines.push(
      `  ${run.elsewhere} trains it; if that process no longer exists: self-mri runs resume ${run.id} --ended-there`,
    )
  const contents = contentsInWords(run)
  if (contents) lines.push(`  ${contents}`)
  if (run.summary) {
    const { steps, seconds, bestEpoch } = run.summary
    const loss = lossInWords(run.summary, (run.config.pretext?.reconstruction ?? 0) > 0, value => value.toFixed(4))
    lines.push(
      `  ${run.epochs.done} epochs, ${steps} steps in ${seconds.steps.toFixed(1)} s ` +
        `(without ${seconds.validation.toFixed(1)} s of validation), loss ${loss}` +
        (bestEpoch ? `, best epoch ${bestEpoch}` : ''),
    )
  }
  if (run.metrics) {
    const { ssim, psnr, nmse } = run.metrics
    const { mask } = run.config
    lines.push(
      `  validation: SSIM ${ssim.toFixed(3)}, PSNR ${psnr.toFixed(2)} dB, NMSE ${nmse.toFixed(4)} ` +
        `(${seededMaskInWords(mask, maskSeedInWords(null))}; volume maximum)`,
    )
  }
  if (run.milestones.length > 0)
    lines.push(`  milestones: epochs ${run.milestones.join(', ')} (finetune --from ${run.id}@EPOCH)`)
  if (run.resumable)
    lines.push(
      `  continues ${run.stateStep === null ? 'from the start' : `after step ${run.stateStep}`} ` +
        `with: self-mri runs resume ${run.id}`,
    )
  if (run.suggestion) {
    const { batch, accumulate } = run.suggestion
    lines.push(`  needs less memory with: --batch ${batch}${accumulate > 1 ? ` --accumulate ${accumulate}` : ''}`)
  }
  if (run.checkpoint) lines.push(`  ${run.checkpoint.path}`, `  sha256 ${run.checkpoint.sha256}`)
  return lines.join('\n')
}

function listing(runs: readonly RunRow[]): string {
  const table = new Table({
    head: ['run', 'kind', 'network', 'from', 'status', 'epochs', 'validation SSIM', 'study'],
    style: { head: [], border: [], compact: true },
  })
  for (const run of runs) {
    const kind = run.method ? `${run.method} ${KIND[run.kind]}` : KIND[run.kind]
    table.push([
      run.id,
      kind,
      network(run),
      run.parent ?? '–',
      run.status,
      `${run.epochs.done}/${run.epochs.planned}`,
      run.metrics?.ssim.toFixed(3) ?? '–',
      run.study,
    ])
  }
  return table.toString()
}

const resumeCommand = (): Command =>
  addExecutionOptions(new Command('resume'))
    .description(
      'Resume a cancelled, paused or interrupted run; with the same kernels, the result is as if it had never stopped',
    )
    .argument('<run>', 'a run’s number')
    .option('--ended-there', 'the run’s process was on another machine and no longer exists; check this first')
    .option('--no-wait', 'fail at once, instead of waiting, if another program trains on the device')
    .action((id: string, { wait, endedThere }: { wait: boolean; endedThere?: boolean }, command: Command) =>
      inSession(command, async session => {
        if (endedThere) markEndedElsewhere(session.services.profile, id)
        const on = `study "${findRun(session.services.profile, id).study}"`
        const run = await perform({ session, title: 'Resuming', noWait: !wait, on }, (services, options) =>
          resumeRun(services, id, options),
        )
        if (session.json) printJson(run)
        else print(describeRun(run))
      }),
    )

export const runsCommand = (): Command =>
  new Command('runs')
    .description('List all runs, or show a run with its epochs')
    .argument('[run]', 'a run’s number')
    .action((id: string | undefined, _options, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          if (id !== undefined) {
            const run = findRun(services.profile, id)
            const { notes } = viewRun(services.profile, id)
            if (json) printJson({ ...run, figures: epochsOf(services.profile, id), notes })
            else print([describeRun(run), ...notes.map(({ text }) => `  ${text}`)].join('\n'))
            return
          }
          const runs = listRuns(services.profile)
          if (json) printJson(runs)
          else
            print(
              runs.length > 0 ? listing(runs) : 'No run yet. Start one with: self-mri train, pretrain, or npm run demo',
            )
        },
        { readOnly: true },
      ),
    )
    .addCommand(resumeCommand())
