/** Asks Slurm, before a run needs a job, whether jobs with the chosen settings can run. */
import { AppError, reasonOf } from '../../../contract/errors.ts'
import { type ClusterFinding, SLURM_LABELS, type SlurmSettings } from '../../../contract/execution.ts'
import { locateEngine } from '../../../engine/install/install.ts'
import { count } from '../../../presentation/numbers.ts'
import { networkOf } from '../../profile/file-systems.ts'
import { PROGRAM } from '../jobs/job-script.ts'
import { resourcesOf } from './slurm.ts'
import { type Answer, isPassingFault, slurm } from './slurm-commands.ts'
import { remedyOf } from './slurm-words.ts'

type Found = Pick<ClusterFinding, 'state' | 'words'>

const sentence = (words: string) => (/[.!?]$/.test(words) ? words : `${words}.`)

/** Asks a command, and says what its answer means. A missing command is an answer too. */
async function ask(command: string, args: readonly string[], told: (answer: Answer) => Found): Promise<Found> {
  try {
    return told(await slurm(command, args))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { state: 'bad', words: reasonOf(error) }
  }
}

/** A command of Slurm that failed, and what to do. */
const failed = (what: string, fault: string): Found => ({
  state: 'bad',
  words: `${what}: ${sentence(fault)} ${isPassingFault(fault) ? 'Try again later.' : remedyOf(fault)}`,
})

/** Slurm judges a job that is not submitted. */
const askJobs = (settings: SlurmSettings) =>
  ask('sbatch', ['--test-only', '--nodes=1', '--ntasks=1', ...resourcesOf(settings), '--wrap=true'], ({ ok, fault }) =>
    ok
      ? { state: 'good', words: sentence(fault.replace(/^Job \d+ to start/, 'A job could start')) }
      : failed('sbatch refuses a job with these settings', fault),
  )

const askQueue = () =>
  ask('squeue', ['-h', '--me', '-o', '%A'], ({ ok, output, fault }) =>
    ok
      ? { state: 'good', words: `squeue answers. You have ${count(output.split('\n').filter(Boolean).length, 'job')}.` }
      : failed('squeue does not answer', fault),
  )

/** `gpu|up|1-00:00:00|4|gpu:4` → 'gpu (4 nodes, limit 1-00:00:00, gpu:4)' */
function partitionOf(line: string): string {
  const [name, state, limit, nodes, gres] = line.split('|').map(field => field.trim())
  const facts = [
    count(Number(nodes), 'node'),
    limit && `limit ${limit}`,
    gres !== '(null)' && gres,
    state !== 'up' && state,
  ]
  return `${name} (${facts.filter(Boolean).join(', ')})`
}

const askPartitions = ({ gpus, partition }: SlurmSettings) =>
  ask('sinfo', ['-h', '-o', '%R|%a|%l|%D|%G'], ({ ok, output, fault }) => {
    if (!ok) return { ...failed('sinfo does not answer', fault), state: 'unknown' }
    const lines = output.split('\n').filter(Boolean)
    if (lines.length === 0) return { state: 'unknown', words: 'sinfo lists no partition.' }
    const own = lines.filter(line => partition === null || partition.split(',').includes(line.split('|')[0].trim()))
    const cpu = gpus === null && own.some(line => /\bgpu\b/.test(line.split('|').at(-1)!))
    const advice = cpu ? ` Jobs compute on the CPU. For a GPU: ${SLURM_LABELS.gpus} 1.` : ''
    return { state: 'good', words: `${sentence(lines.map(partitionOf).join('; '))}${advice}` }
  })

/** Why nodes may not see what a job starts. `null`: the engine and this program are on network disks. */
function notShared(engine: string, network: typeof networkOf): string | null {
  if (!network(engine))
    return `${engine} looks like a local disk. All nodes must see the engine: set SELF_MRI_CACHE to a shared folder.`
  if (network(PROGRAM)) return null
  return `${PROGRAM} looks like a local disk. All nodes must see this program: move its folder to a shared disk.`
}

/** The engine of this machine. Jobs use this engine too, because a job starts this program. */
function engineFor({ gpus }: SlurmSettings, network: typeof networkOf): Found {
  const needsGpu = gpus !== null && gpus > 0
  const installed = locateEngine(needsGpu ? 'cuda' : undefined)
  if (installed) {
    const build = installed.variant === 'cuda' ? 'CUDA build' : 'CPU build'
    const words = `TensorFlow ${installed.tensorflow}, ${build}.`
    const hidden = notShared(installed.directory, network)
    return hidden === null ? { state: 'good', words } : { state: 'unknown', words: `${words} ${hidden}` }
  }
  const [what, command] = needsGpu ? ['The engine for NVIDIA GPUs', ' --cuda'] : ['The engine', '']
  const words = `${what} is not installed, and jobs never install it. Install it: self-mri engine install${command}`
  return { state: 'bad', words }
}

function folderOf(runs: string, network: typeof networkOf): Found {
  const name = network(runs)
  if (name) return { state: 'good', words: `${runs}, on ${name}.` }
  const remedy = 'All nodes must see this folder. Choose a shared folder: --runs FOLDER.'
  return { state: 'unknown', words: `${runs} looks like a local disk. ${remedy}` }
}

/** @param runs the folder of all runs */
export async function checkCluster(
  settings: SlurmSettings,
  runs: string,
  network: typeof networkOf = networkOf,
): Promise<ClusterFinding[]> {
  const [jobs, queue, partitions] = await Promise.all([askJobs(settings), askQueue(), askPartitions(settings)])
  return [
    { about: 'jobs', ...jobs },
    { about: 'queue', ...queue },
    { about: 'partitions', ...partitions },
    { about: 'engine', ...engineFor(settings, network) },
    { about: 'folder of runs', ...folderOf(runs, network) },
  ]
}
