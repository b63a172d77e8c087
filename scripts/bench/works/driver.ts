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
import { livingProcesses, withDescendants } from '../../../test/slurm/processes.ts'
import { memoryOf } from '../memory.ts'
import { makeCheck, rowAlone, spread } from '../report.ts'
import { run } from './program.ts'
import { SIX_TRAININGS, smallStudy } from './reproduction.ts'
import { type StandInSlurm, standInSlurm } from './stand-in-slurm.ts'
import type { Bench, Outcome, Work } from './work.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** With five seeds, each of four patients left out in turn, and all methods. A third needs no other training. */
const TRAININGS = 600
const JOBS = TRAININGS / 3
const REQUEST = ['--scale', 'workstation', '--seeds', '5', '--leave-one-out']
const SUBMITTED_WITHIN_S = 240
/** After the last submission, until the measurement begins. */
const SETTLED_S = 20
const MEASURED_S = 120
const LABEL = `A reproduction of ${TRAININGS} trainings with ${JOBS} jobs at once: the program’s own work`
/** 1 % of a core. */
const CPU_MS = spread([10])
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

/** Writes the jobs' events every second. Returns a function that ends it. */
function keepTicking(slurm: StandInSlurm): () => void {
  const timer = setInterval(slurm.tick, 1000)
  return () => clearInterval(timer)
}

async function untilSubmitted(slurm: StandInSlurm, hasEnded: () => boolean): Promise<void> {
  for (let seconds = 0; slurm.jobs < JOBS; seconds++) {
    if (hasEnded()) return
    if (seconds === SUBMITTED_WITHIN_S) throw new Error(`Expected ${JOBS} jobs, got ${slurm.jobs}`)
    await sleep(1000)
  }
}

interface Measured {
  readonly cpuMs: number
  readonly seconds: number
  readonly bytes: number
  readonly asked: number
}

/** Measures the program and its engine for reading. */
async function observe(pid: number, slurm: StandInSlurm): Promise<Measured> {
  const own = withDescendants(livingProcesses().filter(each => each.pid === pid))
  const cpu = () => own.reduce((sum, each) => sum + cpuMs(each.pid), 0)
  const before = { cpu: cpu(), asked: slurm.asked, at: performance.now() }
  await sleep(1000 * MEASURED_S)
  return {
    cpuMs: cpu() - before.cpu,
    asked: slurm.asked - before.asked,
    seconds: (performance.now() - before.at) / 1000,
    bytes: memoryOf(pid)!.peakBytes,
  }
}

async function measure(bench: Bench): Promise<Outcome> {
  if (process.platform !== 'linux') return { checks: [], rows: [], skipped: 'it needs /proc, which Linux has' }
  const files = await smallStudy(bench, 'small-study', SIX_TRAININGS)
  const [profile, folder] = ['profile', 'slurm'].map(name => join(bench.folder, 'driver', name))
  mkdirSync(folder, { recursive: true })
  const slurm = standInSlurm(folder)
  const command = [...process.execArgv, MAIN]
  await run(process.execPath, [...command, 'import', files, '--name', 'small', '--profile', profile])
  const place = ['--executor', 'slurm', '--jobs', String(JOBS)]
  const where = ['--study', 'small', '--profile', profile, '--out', join(folder, 'out')]
  const begun = performance.now()
  const driver = spawn(process.execPath, [...command, 'reproduce', ...REQUEST, ...place, ...where], {
    env: { ...process.env, ...slurm.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let lastWords = ''
  driver.stderr.on('data', text => {
    lastWords = `${lastWords}${text}`.slice(-4000)
  })
  const hasEnded = () => driver.exitCode !== null || driver.signalCode !== null
  const closed = once(driver, 'close')
  const stopTicking = keepTicking(slurm)
  try {
    await untilSubmitted(slurm, hasEnded)
    const submittedMs = performance.now() - begun
    const submittedCpu = hasEnded() ? 0 : cpuMs(driver.pid!)
    await sleep(1000 * SETTLED_S)
    if (hasEnded()) throw new Error(`The reproduction ended. Its last words:\n${lastWords.trim()}`)
    bench.say(`Timing: ${LABEL} …`)
    const { cpuMs: cpu, seconds, bytes, asked } = await observe(driver.pid!, slurm)
    if (hasEnded()) throw new Error(`The reproduction ended. Its last words:\n${lastWords.trim()}`)
    const tooMany = Math.max(0, asked - Math.floor(seconds / POLL_S) - 1)
    return {
      checks: [makeCheck(`${LABEL}: squeue ${asked} times in ${seconds.toFixed(0)} s, too many`, tooMany, 0)],
      rows: [
        rowAlone(`${LABEL}, processor time in each second`, spread([cpu / seconds]), CPU_MS),
        rowAlone(`${LABEL}, peak memory`, { bytes }, MEMORY),
        rowAlone('  before: from the start to the last submission', spread([submittedMs]), null),
        rowAlone('  before: processor time until then', spread([submittedCpu]), null),
      ],
    }
  } finally {
    stopTicking()
    driver.kill('SIGINT') // The jobs go on.
    const killing = setTimeout(() => driver.kill('SIGKILL'), 10_000)
    await closed
    clearTimeout(killing)
  }
}

export const DRIVER: Work = { name: 'driver', label: LABEL, measure }
