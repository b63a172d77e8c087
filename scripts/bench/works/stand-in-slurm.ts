/** Stand-ins for Slurm's commands, and for its jobs: each job runs without end, trains nothing, and writes events. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const NODE = 'n1'
/** An epoch lasts as many seconds. A job stores at most one step a second. */
const STEPS = 60
const EPOCHS = 200

interface StandInJob {
  readonly id: string
  readonly folder: string
  /** Seconds since the start. Jobs of a real cluster do not end their epochs at the same time. */
  seconds: number
}

export interface StandInSlurm {
  /** Variables with which a program finds the stand-ins. */
  readonly env: NodeJS.ProcessEnv
  /** The number of jobs. */
  readonly jobs: number
  /** The number of questions of squeue. */
  readonly asked: number
  /** Writes the events of a second for all jobs. */
  tick(): void
}

/** @param folder a new folder for the commands and what they store */
export function standInSlurm(folder: string): StandInSlurm {
  const [bin, queue, asked] = ['bin', 'queue', 'asked'].map(name => join(folder, name))
  const command = (name: string, ...lines: readonly string[]) =>
    writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
  mkdirSync(bin, { recursive: true })
  command(
    'sbatch',
    'for each in "$@"; do',
    `  case "$each" in --chdir=*) folder=\${each#*=} ;; --comment=*) token=\${each#*=} ;; esac`,
    'done',
    `echo "$$|RUNNING|None|${NODE}|2026-01-01T00:00:00|$token|$folder" >>'${queue}'`,
    'echo $$',
  )
  command('squeue', `echo >>'${asked}'`, `cat '${queue}'`)
  command('scancel', '')
  const jobs = new Map<string, StandInJob>()

  function takeNew(): void {
    const lines = existsSync(queue) ? readFileSync(queue, 'utf8').split('\n').slice(0, -1) : []
    for (const line of lines.slice(jobs.size)) {
      const [id, folder] = [line.split('|')[0], line.slice(line.lastIndexOf('|') + 1)]
      const job = { id, folder, seconds: jobs.size % STEPS }
      jobs.set(id, job)
      write(job, { begun: { node: NODE, job: id } })
      if (isTraining(job))
        event(job, { type: 'started', steps: STEPS * EPOCHS, epochs: EPOCHS, parameters: 1e6, notes: [] })
    }
  }
  const write = ({ id, folder }: StandInJob, line: object) =>
    appendFileSync(join(folder, 'events.jsonl'), `${JSON.stringify({ attempt: id, ...line })}\n`)
  const event = (job: StandInJob, event: object) => write(job, { event })
  /** The job of a scoring has no run, and no events. */
  const isTraining = ({ folder }: StandInJob) => folder.endsWith('/job')

  return {
    env: { PATH: [bin, process.env.PATH].join(delimiter) },
    get jobs() {
      return jobs.size
    },
    get asked() {
      return existsSync(asked) ? readFileSync(asked, 'utf8').length : 0
    },
    tick() {
      takeNew()
      for (const job of jobs.values()) {
        if (!isTraining(job)) continue
        const step = ++job.seconds
        const epoch = Math.ceil(step / STEPS)
        const loss = 1 / step
        event(job, { type: 'step', step, steps: STEPS * EPOCHS, epoch, loss })
        if (step % STEPS > 0) continue
        const validation = { ssim: 0.7, psnr: 30, nmse: 0.05 }
        const figures = { epoch, loss, learningRate: 1e-3, seconds: STEPS, validationLoss: loss, validation, extra: {} }
        event(job, { type: 'epoch', figures })
      }
    },
  }
}
