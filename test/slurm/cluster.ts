/**
 * A whole Slurm on this machine, for tests: a controller, and two nodes with two pretended GPUs each. It needs neither
 * root, systemd, cgroups nor a database. Every daemon works in the folder of the cluster, and is found by its folder.
 */
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { missingProgram } from '../programs.ts'
import { end, isAlive, killAtOnce, livingProcesses, withDescendants } from './processes.ts'

const NODES = ['n1', 'n2'] as const
export type NodeName = (typeof NODES)[number]

const DAEMONS = /^(?:munged|slurmctld|slurmscriptd|slurmd|slurmstepd)$/
/** The daemons are in folders that the PATH of an ordinary user may lack. */
const DAEMONS_PATH = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter)

const PACKAGES = 'slurmctld slurmd slurm-client munge'
/** What this machine lacks for a cluster, with the remedy, or null. */
export const missingSlurm: string | null = ['slurmctld', 'slurmd', 'sbatch', 'munged'].reduce(
  (missing: string | null, program) => missing ?? missingProgram(program, PACKAGES, DAEMONS_PATH),
  null,
)

const FOLDER = 'self-mri-slurm-'
const START_MS = 20_000
/** After SIGTERM, a job has five seconds (`KillWait`). */
const END_MS = 15_000

export interface Cluster {
  readonly folder: string
  /** A child process with these variables finds this cluster. */
  readonly env: { readonly SLURM_CONF: string }
  /** The output of one of Slurm's commands. */
  ask(command: string, ...args: readonly string[]): Promise<string>
  /** Kills the node's daemon, its jobs and all their processes with SIGKILL. */
  killNode(name: NodeName): Promise<void>
  startNode(name: NodeName): Promise<void>
  stopController(): Promise<void>
  startController(): Promise<void>
  /** Cancels all jobs, ends all daemons and deletes the folder. */
  stop(): Promise<void>
}

const isFree = (port: number) =>
  new Promise<boolean>(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })

/** The first of three free ports. The system gives ports above 32,768 to connections. */
async function freePorts(): Promise<number> {
  while (true) {
    const first = 20_000 + Math.floor(10_000 * Math.random())
    if ((await Promise.all([first, first + 1, first + 2].map(isFree))).every(Boolean)) return first
  }
}

/**
 * `cred_expire`: a requeued job waits this time and a second before its next start. The default is 120 s.
 * `bf_interval`, `sched_min_interval` (in µs): a job starts within a second or two.
 * `config_overrides`: the nodes may have more CPUs than this machine.
 */
function configuration(folder: string, port: number): string {
  const user = userInfo().username
  const [host] = hostname().split('.')
  const nodes = NODES.map(
    (name, i) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port + 1 + i} CPUs=4 RealMemory=8000 Gres=gpu:2`,
  )
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${port}
SlurmUser=${user}
SlurmdUser=${user}
AuthInfo=socket=${join(folder, 'munge.sock')},cred_expire=5
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, '%n', 'spool')}
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, '%n', 'slurmd.pid')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, '%n', 'slurmd.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=1,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SlurmdTimeout=10
GresTypes=gpu
${nodes.join('\n')}
PartitionName=normal Nodes=${NODES} Default=YES MaxTime=60 PriorityTier=10 GraceTime=5
PartitionName=urgent Nodes=${NODES} MaxTime=60 PriorityTier=100 PreemptMode=OFF
`
}

/** Slurm takes only device files as GPUs. Nothing opens these files. */
const GPUS = NODES.flatMap(name => ['/dev/null', '/dev/zero'].map(file => `NodeName=${name} Name=gpu File=${file}\n`))

/** The daemons of the cluster in this folder, or the node in this folder. */
const daemonsOf = (folder: string) =>
  livingProcesses().filter(each => DAEMONS.test(each.name) && `${each.folder}/`.startsWith(`${folder}/`))

/** Ends a cluster without its commands, which need its controller. */
async function endDaemons(folder: string): Promise<void> {
  const daemons = daemonsOf(folder)
  await killAtOnce(withDescendants(daemons.filter(({ name }) => name === 'slurmstepd')))
  await end(daemons)
  rmSync(folder, { recursive: true, force: true })
}

/** Ends each cluster whose process was killed before that process could stop the cluster. */
async function endAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(FOLDER) && Number(name.slice(FOLDER.length).split('-')[0])
    if (!owner || isAlive(owner)) continue
    const folder = join(tmpdir(), name)
    if (statSync(folder).uid === process.getuid?.()) await endDaemons(folder)
  }
}

function makeFolder(port: number): string {
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`))
  chmodSync(folder, 0o755) // munged refuses a socket that other users cannot reach.
  for (const name of ['state', ...NODES]) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o400 })
  writeFileSync(join(folder, 'slurm.conf'), configuration(folder, port))
  writeFileSync(join(folder, 'gres.conf'), GPUS.join(''))
  return folder
}

/** Starts a cluster. @throws with the ends of the cluster's logs, if the cluster does not start */
export async function startCluster(): Promise<Cluster> {
  if (missingSlurm !== null) throw new Error(missingSlurm)
  await endAbandoned()
  const folder = makeFolder(await freePorts())
  const env = { SLURM_CONF: join(folder, 'slurm.conf') }
  const ask = async (command: string, ...args: readonly string[]) => {
    const environment = { ...process.env, PATH: DAEMONS_PATH, ...env }
    return (await promisify(execFile)(command, args, { env: environment, timeout: 10_000 })).stdout.trim()
  }

  function start(program: string, args: readonly string[], workingFolder = folder): void {
    const environment = { ...process.env, PATH: DAEMONS_PATH, ...env }
    // In a process group of its own, because Ctrl+C must not end the daemons before the jobs.
    spawn(program, args, { cwd: workingFolder, env: environment, stdio: 'ignore', detached: true }).unref()
  }
  async function becomes(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const until = performance.now() + START_MS; !(await isSo()); await sleep(50))
      if (performance.now() > until) throw new Error(`${what} did not start within ${START_MS / 1000} s.\n${logs()}`)
  }
  const logs = () =>
    ['munged.log', 'slurmctld.log', ...NODES.map(name => join(name, 'slurmd.log'))]
      .map(name => join(folder, name))
      .map(
        path => `${path}:\n${existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-6).join('\n') : 'none'}`,
      )
      .join('\n')

  async function startMunge(): Promise<void> {
    const files = ['key-file=munge.key', 'socket=munge.sock', 'pid-file=munged.pid', 'log-file=munged.log']
    const options = [...files, 'seed-file=munged.seed'].map(option => `--${option.replace('=', `=${folder}/`)}`)
    start('munged', ['--foreground', '--num-threads=2', ...options])
    await becomes('munged', () => existsSync(join(folder, 'munge.sock')))
  }
  async function startController(): Promise<void> {
    start('slurmctld', ['-D'])
    await becomes('slurmctld', () =>
      ask('scontrol', 'ping').then(
        words => / is UP/.test(words),
        () => false,
      ),
    )
  }
  async function startNode(name: NodeName): Promise<void> {
    start('slurmd', ['-D', '-N', name], join(folder, name))
    await becomes(`slurmd of ${name}`, async () =>
      /^(?:idle|mix|alloc)$/.test(await ask('sinfo', '-h', '-p', 'normal', '-n', name, '-o', '%t')),
    )
  }
  const controller = () => daemonsOf(folder).filter(({ name }) => name === 'slurmctld')
  async function endJobs(): Promise<void> {
    await ask('scancel', '--me')
    const isQuiet = async () => (await ask('squeue', '-h', '-t', 'running,completing')) === ''
    for (const until = performance.now() + END_MS; !(await isQuiet()) && performance.now() < until; ) await sleep(50)
  }

  const cluster: Cluster = {
    folder,
    env,
    ask,
    killNode: name => killAtOnce(withDescendants(daemonsOf(join(folder, name)))),
    startNode,
    stopController: () => end(controller()),
    startController,
    async stop() {
      // Without a controller, each command of Slurm waits for 10 s.
      if (controller().length > 0) await endJobs().catch(() => {}) // The daemons end in any case.
      await endDaemons(folder)
    },
  }
  try {
    await startMunge()
    await startController()
    await Promise.all(NODES.map(startNode))
    return cluster
  } catch (error) {
    await endDaemons(folder)
    throw error
  }
}
