/**
 * The work of the program that carries out a large reproduction on a cluster. The cluster is a stand-in, whose jobs
 * compute nothing, so this machine computes nothing but the program's own work.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SlurmSettings } from '../../../src/contract/execution.ts'
import { livingProcesses, withDescendants } from '../../../test/slurm/processes.ts'
import { memoryOf } from '../memory.ts'
import { type Figures, makeCheck, rowAlone, spread } from '../report.ts'
import { run } from './program.ts'
import { smallStudy } from './reproduction.ts'
import { standInSlurm } from './stand-in-slurm.ts'
import type { Bench, Outcome, Work } from './work.ts'

const COMMAND = [...process.execArgv, fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))]

/** With five seeds, each of four patients left out in turn, and all methods. 200 of them need no other training. */
const TRAININGS = 600
const REQUEST = ['--scale', 'workstation', '--seeds', '5', '--leave-one-out']
const LABEL = `A reproduction of ${TRAININGS} trainings as jobs: the program’s own work`
const SUBMITTED_WITHIN_S = 240
/** After the last submission, until the measurement begins. */
const SETTLED_S = 10
/** The default number of jobs at once has the limits. The largest number that this reproduction can have is told. */
const CASES = [
  { jobs: SlurmSettings.parse({}).jobs, measuredS: 90, hasLimits: true },
  { jobs: 200, measuredS: 45, hasLimits: false },
] as const
type Case = (typeof CASES)[number]
/** 1 % of a core. */
const CPU = spread([10])
const MEMORY = { bytes: 300e6 }
const POLL_S = 15

/** Processor time of a process, without its children, in ms. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return 10 * (Number(user) + Number(system)) // Linux counts in hundredths of a second.
}

/** Processor time of the program and of its engine for reading, in ms. */
function cpuOfAll(pid: number): () => number {
  const [driver, ...others] = withDescendants(livingProcesses().filter(each => each.pid === pid))
  const own = [driver, ...others.filter(({ name }) => name === driver.name)] // without commands of Slurm
  return () => own.reduce((sum, each) => sum + cpuMs(each.pid), 0)
}

/** Starts the reproduction. `end` leaves its jobs running. */
function startDriver(profile: string, out: string, jobs: number, env: NodeJS.ProcessEnv) {
  const place = ['--executor', 'slurm', '--jobs', String(jobs)]
  const where = ['--study', 'small', '--profile', profile, '--out', out]
  const driver = spawn(process.execPath, [...COMMAND, 'reproduce', ...REQUEST, ...place, ...where], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let lastWords = ''
  driver.stderr.on('data', text => {
    lastWords = `${lastWords}${text}`.slice(-4000)
  })
  const closed = once(driver, 'close')
  return {
    pid: driver.pid!,
    requireAlive(): void {
      if (driver.exitCode !== null || driver.signalCode !== null)
        throw new Error(`The reproduction ended. Its last words:\n${lastWords.trim()}`)
    },
    async end(): Promise<void> {
      driver.kill('SIGINT')
      const killing = setTimeout(() => driver.kill('SIGKILL'), 10_000)
      await closed
      clearTimeout(killing)
    },
  }
}

async function measureCase(bench: Bench, files: string, { jobs, measuredS, hasLimits }: Case): Promise<Outcome> {
  const [profile, folder] = ['profile', 'slurm'].map(name => join(bench.folder, `driver-${jobs}`, name))
  mkdirSync(folder, { recursive: true })
  const slurm = standInSlurm(folder)
  await run(process.execPath, [...COMMAND, 'import', files, '--name', 'small', '--profile', profile])
  const begun = performance.now()
  const driver = startDriver(profile, join(folder, 'out'), jobs, slurm.env)
  const ticking = setInterval(slurm.tick, 1000)
  try {
    for (let seconds = 0; slurm.jobs < jobs; seconds++) {
      driver.requireAlive()
      if (seconds === SUBMITTED_WITHIN_S) throw new Error(`Expected ${jobs} jobs, got ${slurm.jobs}`)
      await sleep(1000)
    }
    const submitted = { ms: performance.now() - begun, cpu: cpuMs(driver.pid) }
    await sleep(1000 * SETTLED_S)
    driver.requireAlive()
    bench.say(`Timing: ${LABEL}, ${jobs} at once …`)
    const cpu = cpuOfAll(driver.pid)
    const before = { cpu: cpu(), asked: slurm.asked, at: performance.now() }
    await sleep(1000 * measuredS)
    driver.requireAlive()
    const seconds = (performance.now() - before.at) / 1000
    const asked = slurm.asked - before.asked
    const tooMany = Math.max(0, asked - Math.floor(seconds / POLL_S) - 1)
    const label = `${LABEL}, ${jobs} at once`
    const limited = (limit: Figures) => (hasLimits ? limit : null)
    return {
      checks: [makeCheck(`${label}: ${asked} calls of squeue in ${seconds.toFixed(0)} s, too many`, tooMany, 0)],
      rows: [
        rowAlone(`${label}: processor time in a second`, spread([(cpu() - before.cpu) / seconds]), limited(CPU)),
        rowAlone(`${label}: peak memory`, { bytes: memoryOf(driver.pid)!.peakBytes }, limited(MEMORY)),
        rowAlone('  before: from the start to the last submission', spread([submitted.ms]), null),
        rowAlone('  before: processor time until then', spread([submitted.cpu]), null),
      ],
    }
  } finally {
    clearInterval(ticking)
    await driver.end()
  }
}

async function measure(bench: Bench): Promise<Outcome> {
  if (process.platform !== 'linux') return { checks: [], rows: [], skipped: 'it needs /proc, which Linux has' }
  const files = await smallStudy(bench)
  const outcomes: Outcome[] = []
  for (const each of CASES) outcomes.push(await measureCase(bench, files, each))
  return { checks: outcomes.flatMap(({ checks }) => checks), rows: outcomes.flatMap(({ rows }) => rows) }
}

export const DRIVER: Work = { name: 'driver', label: LABEL, measure }
