/** A job puts itself back into Slurm's queue. */
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

const TRIES = 3
const PAUSE_MS = 3000
const PATIENCE_MS = 20_000

/** `null`: Slurm starts this job again. Else why not, with what to do. */
export async function requeueJob(): Promise<string | null> {
  const { SLURM_JOB_ID: job } = process.env
  if (!job) return 'The job has stored its state. Start the job again with the same command.'
  let fault = ''
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await sleep(PAUSE_MS)
    const { status, stderr, error } = spawnSync('scontrol', ['requeue', job], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (status === 0) return null
    fault = (error?.message ?? stderr).trim()
  }
  return `The job has stored its state, and Slurm did not put it back into the queue: ${fault}`
}
