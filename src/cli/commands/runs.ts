import Table from 'cli-table3'
import { Command } from 'commander'
import type { RunRow } from '../../contract/runs.ts'
import { lossInWords } from '../../contract/training-summary.ts'
import { resumeRun } from '../../services/runs/resume.ts'
import { epochsOf, findRun, listRuns } from '../../services/runs/runs.ts'
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

/** What is to be known of the data that it was trained on. */
function contentsInWords({ contents, study }: RunRow): string | null {
  if (contents === 'changed') return `files of study "${study}" have changed since: the numbers are of the old contents`
  return contents === 'not recorded'
    ? 'content not recorded: files of its study were written since the run began, or have not been read yet'
    : null
}

/** One run in a few lines. */
export function describeRun(run: RunRow): string {
  const lines = [
    `Run ${run.id}: ${run.method ? `${run.method} ` : ''}${KIND[run.kind]} of ${network(run)}${run.parent ? ` from ${run.parent}` : ''}, ${run.status}`,
  ]
  if (run.reason) lines.push(`  ${run.reason}`)
  const contents = contentsInWords(run)
  if (contents) lines.push(`  ${contents}`)
  if (run.summary) {
    const { steps, seconds, bestEpoch } = run.summary
    const loss = lossInWords(run.summary, (run.config.pretext?.reconstruction ?? 0) > 0, value => value.toFixed(4))
    lines.push(
      `  ${run.epochs.done} epochs, ${steps} steps in ${seconds.steps.toFixed(1)} s (validation ${seconds.validation.toFixed(1)} s apart), loss ${loss}${bestEpoch ? `, best epoch ${bestEpoch}` : ''}`,
    )
  }
  if (run.metrics) {
    const { ssim, psnr, nmse } = run.metrics
    const { mask } = run.config
    lines.push(
      `  validation: SSIM ${ssim.toFixed(3)}, PSNR ${psnr.toFixed(2)} dB, NMSE ${nmse.toFixed(4)} (${mask.kind} mask, ${mask.acceleration}×, center ${mask.centerFraction}, seeded by file name; volume maximum)`,
    )
  }
  if (run.milestones.length > 0)
    lines.push(`  milestones: epochs ${run.milestones.join(', ')} (finetune --from ${run.id}@EPOCH)`)
  if (run.resumable)
    lines.push(
      `  goes on ${run.stateStep === null ? 'from its beginning' : `after step ${run.stateStep}`} with: self-mri runs resume ${run.id}`,
    )
  if (run.suggestion) {
    const { batch, accumulate } = run.suggestion
    lines.push(
      `  memory suffices more likely with: --batch ${batch}${accumulate > 1 ? ` --accumulate ${accumulate}` : ''}`,
    )
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
  new Command('resume')
    .description('Go on with a run that was cancelled, paused or interrupted: it ends as if it never had been')
    .argument('<run>', 'a run’s number')
    .option('--no-wait', 'refuse instead of waiting while another program trains on the device')
    .action((id: string, { wait }: { wait: boolean }, command: Command) =>
      inSession(command, async session => {
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
    .description('List the runs, or show one with its epochs')
    .argument('[run]', 'a run’s number')
    .action((id: string | undefined, _options, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          if (id !== undefined) {
            const run = findRun(services.profile, id)
            if (json) printJson({ ...run, figures: epochsOf(services.profile, id) })
            else print(describeRun(run))
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
