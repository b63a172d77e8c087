/** The jobs of the profile's runs: what the scheduler says of them, and their end. */
import Table from 'cli-table3'
import { Command } from 'commander'
import { AppError } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import { NOT_ENDED } from '../../services/places/jobs/job-cancel.ts'
import { makeJobsNow } from '../../services/places/jobs-now.ts'
import { readSettings } from '../../services/profile/settings.ts'
import { findRun, listRuns } from '../../services/runs/runs.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, say } from '../terminal.ts'

interface Listed {
  readonly run: string
  readonly status: RunRow['status']
  readonly job: string | null
  readonly state: string
  readonly node: string | null
  readonly words: string
  readonly folder: string
}

const jobsOf = ({ services }: Session) => makeJobsNow(readSettings(services.profile).execution.slurm)

/** Runs whose job may go on. */
const withJobs = ({ services }: Session): RunRow[] =>
  listRuns(services.profile).filter(({ job }) => job && job.state !== 'ended')

async function list(session: Session): Promise<void> {
  const jobs = jobsOf(session)
  const listed: Listed[] = []
  for (const { id, status, job } of withJobs(session)) {
    const { folder } = job!
    const seen = (await jobs.see(folder)) ?? { ...job!, words: 'The folder has no job.' }
    listed.push({ run: id, status, job: seen.id, state: seen.state, node: seen.node, words: seen.words, folder })
  }
  if (session.json) return printJson(listed)
  if (listed.length === 0) return print('No run has a job now.')
  const table = new Table({
    head: ['run', 'status', 'job', 'state', 'node', ''],
    style: { head: [], border: [], compact: true },
  })
  for (const { run, status, job, state, node, words } of listed)
    table.push([run, status, job ?? '–', state, node ?? '–', words])
  print(table.toString())
}

async function cancel(ids: readonly string[], session: Session): Promise<void> {
  const jobs = jobsOf(session)
  const runs = ids.map(id => findRun(session.services.profile, id))
  const without = runs.find(({ job }) => !job)
  if (without) throw new AppError('STATE_CONFLICT', `Expected a run with a job, got run ${without.id}, which has none.`)
  const cancelled = await Promise.all(
    runs.map(async ({ id, job }) => ({ run: id, outcome: await jobs.cancel(job!.folder) })),
  )
  if (session.json)
    return printJson(cancelled.map(({ run, outcome }) => ({ run, cancelled: outcome === 'cancelled', outcome })))
  const words = {
    cancelled: (run: string) =>
      `The job of run ${run} was cancelled. The run continues with: self-mri runs resume ${run}`,
    done: (run: string) => `The job of run ${run} was done before. Resume the run to take its result.`,
    'goes on': (run: string) =>
      `The job of run ${run} was asked to stop, and ${NOT_ENDED} See what Slurm says of it with: self-mri jobs`,
  }
  for (const { run, outcome } of cancelled) say(words[outcome](run))
}

const cancelCommand = (): Command =>
  new Command('cancel')
    .description('Cancel the jobs of runs, also of runs that no program follows; each job stores its state first')
    .argument('<runs...>', 'numbers of runs')
    .action((ids: string[], _options, command: Command) =>
      inSession(command, session => cancel(ids, session), { readOnly: true }),
    )

export const jobsCommand = (): Command =>
  new Command('jobs')
    .description('List the runs that have a job, with what the scheduler says of the job')
    .action((_options, command: Command) => inSession(command, list, { readOnly: true }))
    .addCommand(cancelCommand())
