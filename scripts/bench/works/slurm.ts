/** A reproduction whose trainings are jobs of a Slurm with two nodes on this machine, against two slots. */
import { type Row, rowAgainst, rowAlone, spread } from '../report.ts'
import { checkEqual, reproduce, TWO_SLOTS, type Way } from './reproduction.ts'
import type { Bench, Outcome, Work } from './work.ts'

/** Epochs of the trainings whose weights are compared. Their epochs also tell how many epochs take long enough. */
const CHECKED = 6
const SHORTEST_SECONDS = 60
/** The epochs may be shorter than measured. */
const MARGIN = 1.1
const AT_MOST = 1.15
const LABEL =
  '6 trainings (U-Net-8, 64 × 64) of at least 60 s each, and their scores, as Slurm jobs: 2 nodes, a core each'

/** A node has one job at a time. */
const asJobs = (variables: Way['variables']): Way => ({
  variables,
  execution: { executor: 'slurm', slurm: { jobs: 2, cpus: 1, sbatch: '--exclusive' } },
})

async function compare(bench: Bench, jobs: Way): Promise<Outcome> {
  const short = { jobs: await reproduce(bench, jobs, CHECKED), slots: await reproduce(bench, TWO_SLOTS, CHECKED) }
  const checks = [checkEqual(`${LABEL}, ${CHECKED} epochs, against 2 slots`, short.jobs, short.slots)]
  if (!checks[0].passed) return { checks, rows: [] }
  const epochs = Object.fromEntries(
    short.slots.trainings.map(({ key, epochSeconds }) => [key, Math.ceil((MARGIN * SHORTEST_SECONDS) / epochSeconds)]),
  )
  bench.say(`Timing: ${LABEL} …`)
  const slots = await reproduce(bench, TWO_SLOTS, epochs)
  const ours = await reproduce(bench, jobs, epochs)
  const shortest = Math.min(...[slots, ours].flatMap(({ trainings }) => trainings.map(({ seconds }) => seconds)))
  if (shortest < SHORTEST_SECONDS) bench.say(`The shortest training took only ${shortest.toFixed(0)} s.`)
  const starts = ours.trainings.flatMap(({ startMs }) => startMs ?? [])
  const peer = { ...spread([slots.ms]), name: 'Self-MRI', version: '2 slots of this machine' }
  const rows: Row[] = [
    rowAgainst(LABEL, spread([ours.ms]), peer, AT_MOST),
    rowAlone('  of which a job’s start: submission to first event', spread(starts), null),
  ]
  return { checks, rows }
}

async function measure(bench: Bench): Promise<Outcome> {
  const { missingSlurm, startCluster } = await import('../../../test/slurm/cluster.ts')
  if (missingSlurm !== null) return { checks: [], rows: [], skipped: missingSlurm }
  const cluster = await startCluster()
  try {
    return await compare(bench, asJobs(cluster.env))
  } finally {
    await cluster.stop()
  }
}

export const SLURM: Work = { name: 'slurm', label: LABEL, measure }
