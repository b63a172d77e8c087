/** What made a run: settings, versions, device, and the checkpoint. */
import { Tooltip } from '@mantine/core'
import { spansInWords } from '../../contract/kernels.ts'
import type { RunView } from '../../contract/runs.ts'
import { lossInWords } from '../../contract/training-summary.ts'
import { formatDuration, formatLoss, formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { trainingMaskInWords } from '../../presentation/protocol.ts'
import { CopyAction } from '../app/copy-action.tsx'
import { useNetworkLabel } from '../app/queries.ts'
import { jobName } from '../app/run-job.ts'
import { recipeSummary } from './recipe-parts.ts'
import style from './runs.module.css'

const ENVIRONMENT_LABEL: Readonly<Record<string, string>> = {
  selfMri: 'Self-MRI',
  node: 'Node',
  tfjs: 'TensorFlow.js',
  tensorflow: 'TensorFlow',
  variant: 'variant',
  host: 'machine',
  cpu: 'processor',
  gpu: 'GPU',
}

type Fact = readonly [name: string, value: string]

/** The weights that training started from. */
function startOf({ parent, parentEpoch, kind }: RunView): string {
  if (parent === null) return kind === 'import' ? 'the imported file' : 'drawn from the seed'
  return `${/^\d+$/.test(parent) ? 'run ' : ''}${parent}${parentEpoch ? `, epoch ${parentEpoch}` : ''}`
}

function recipeFacts({ epochs, config: { recipe } }: RunView): Fact[] {
  if (!recipe) return []
  const { batch, accumulate, optimizer, schedule, precision } = recipe
  return [
    ['epochs', `${epochs.done} of ${epochs.planned}, batch ${batch}${accumulate > 1 ? ` × ${accumulate}` : ''}`],
    [
      'optimizer',
      `${optimizer.kind}, rate ${schedule.rate}, schedule ${schedule.kind}${precision ? `, ${precision}` : ''}`,
    ],
  ]
}

function pretextFacts({ config: { pretext } }: RunView): Fact[] {
  if (!pretext) return []
  const { measurement, viewMasks, reconstruction } = pretext
  const term = reconstruction > 0 ? `, reconstruction term ${reconstruction}` : ''
  return [['pretext', `measurement ${measurement}, view masks ${viewMasks}${term}`]]
}

function outcomeFacts({ summary, metrics, keptEpoch, config: { pretext } }: RunView): Fact[] {
  const facts: Fact[] = []
  if (summary) {
    const { steps, validation } = summary.seconds
    facts.push(['time', `${formatDuration(steps)} of steps, ${formatDuration(validation)} of validation`])
    facts.push(['loss', lossInWords(summary, (pretext?.reconstruction ?? 0) > 0, formatLoss)])
  }
  if (metrics) {
    const { ssim, psnr, nmse } = metrics
    const numbers = `SSIM ${formatSsim(ssim)}, PSNR ${formatPsnr(psnr)} dB, NMSE ${formatNmse(nmse)}`
    facts.push(['validation', `${numbers}, epoch ${keptEpoch}`])
  }
  return facts
}

/** A finished run names the kernels of all its epochs. Before, the environment names the kernels of the last start. */
const kernelFacts = ({ summary }: RunView): Fact[] => (summary ? [['kernels', spansInWords(summary.kernels)]] : [])

/** The head of the page says how the job goes on, or how it ended. A job folder has its own line. */
const jobFacts = ({ job }: RunView): Fact[] => (job?.executor === 'slurm' ? [['job', jobName(job)]] : [])

/** The script that starts a job, in the job's folder. */
const SCRIPT = 'job.sh'

/** The scheduler's output of a Slurm job, in the job's folder. */
const LOG = 'slurm.log'

const environmentFacts = (environment: Readonly<Record<string, unknown>>, { summary }: RunView): Fact[] =>
  Object.entries(environment)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .filter(([name]) => !(summary && name === 'kernels'))
    .map(([name, value]) => [
      ENVIRONMENT_LABEL[name] ?? name,
      String(value).replace(/^([0-9a-f]{12})[0-9a-f]{20,}$/, '$1…'), // of a hash its beginning
    ])

export function RunFacts({ run, environment }: { run: RunView; environment: Readonly<Record<string, unknown>> }) {
  const { config, checkpoint, job } = run
  const network = useNetworkLabel(config.network)
  const facts: readonly Fact[] = [
    ['study', run.study],
    ['network', `${network}${run.channels ? `-${run.channels}` : ''}`],
    ['start', startOf(run)],
    ['seed', String(config.seed)],
    ...recipeFacts(run),
    ['mask', trainingMaskInWords(config.mask, config.kind)],
    ...pretextFacts(run),
    ...(run.kind === 'pretrain' && config.fineTuning
      ? [['fine-tuning', recipeSummary(config.fineTuning)] as const]
      : []),
    ...outcomeFacts(run),
    ...environmentFacts(environment, run),
    ...kernelFacts(run),
    ...jobFacts(run),
  ]
  return (
    <section className={style.facts}>
      <h3>Settings and environment</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {checkpoint && <FileFact name="checkpoint" path={checkpoint.path} hover={`SHA-256 ${checkpoint.sha256}`} />}
        {job && <FileFact name="job folder" path={job.folder} />}
        {job?.executor === 'folder' && <FileFact name="job script" path={`${job.folder}/${SCRIPT}`} />}
        {job?.executor === 'slurm' && <FileFact name="job log" path={`${job.folder}/${LOG}`} />}
      </dl>
    </section>
  )
}

/** A file or folder of the run, to be copied. */
function FileFact({ name, path, hover }: { name: string; path: string; hover?: string }) {
  const shown = <span className={style.path}>{path}</span>
  return (
    <div>
      <dt>{name}</dt>
      <dd className="mono">
        {hover ? <Tooltip label={hover}>{shown}</Tooltip> : shown}{' '}
        <CopyAction value={path} label="Copy path" name={`Copy path of the ${name}`} size="compact-xs" />
      </dd>
    </div>
  )
}
