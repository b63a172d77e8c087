/** Actions on runs for buttons, menus and keys. Each shows a message with its result. */
import type { RunView } from '../../contract/runs.ts'
import { client } from './client.ts'
import { markStopping } from './live.ts'
import { goToScreen } from './navigation.ts'
import { tellDone, tellError } from './notify.tsx'
import { refresh } from './refresh.ts'
import { livingJob } from './run-job.ts'

/** `epoch`: a milestone's weights in place of the kept ones. */
export async function fineTune(run: RunView, control: boolean, epoch?: number): Promise<void> {
  try {
    const { runs } = await client.runs.fineTune({ run: run.id, control, epoch })
    await refresh('runs')
    tellDone(`Run ${runs[0]} fine-tunes run ${run.id}${control ? `; run ${runs[1]} is its control` : ''}.`)
    goToScreen('runs', runs[0])
  } catch (error) {
    tellError(error, `Run ${run.id} was not fine-tuned`)
  }
}

async function stop(run: RunView, how: 'cancel' | 'pause', ask: () => Promise<void>): Promise<void> {
  const job = livingJob(run)
  const words = how === 'pause' ? 'Pausing…' : job ? 'Cancelling the job…' : 'Cancelling…'
  if (job || run.status === 'running') markStopping(run.id, words)
  try {
    await ask()
    await refresh('runs')
  } catch (error) {
    markStopping(run.id, null)
    tellError(error, `Run ${run.id} was not stopped`)
  }
}

export const cancelRun = (run: RunView) => stop(run, 'cancel', () => client.runs.cancel({ run: run.id }))
export const pauseRun = (run: RunView) => stop(run, 'pause', () => client.runs.pause({ run: run.id }))

export async function resumeRun(run: RunView): Promise<void> {
  try {
    await client.runs.resume({ run: run.id })
    await refresh('runs')
    goToScreen('runs', run.id)
  } catch (error) {
    tellError(error, `Run ${run.id} was not resumed`)
  }
}

/** Before another that waits, or to the end. */
export async function moveRun(run: RunView, before: string | null): Promise<void> {
  try {
    await client.runs.move({ run: run.id, before })
    await refresh('runs')
  } catch (error) {
    tellError(error, `Run ${run.id} was not moved`)
  }
}

/** Starts the same configuration again; `changes` make it fit into memory. */
export async function runAgain(run: RunView, changes: { batch?: number; accumulate?: number } = {}): Promise<void> {
  try {
    const { runs } = await client.runs.again({ run: run.id, ...changes })
    await refresh('runs')
    goToScreen('runs', runs[0])
  } catch (error) {
    tellError(error, `Run ${run.id} was not started again`)
  }
}

/** For a run of another machine whose process has ended there. */
export async function markEndedThere(run: RunView): Promise<void> {
  try {
    await client.runs.endedThere({ run: run.id })
    await refresh('runs')
    tellDone(`Run ${run.id} was marked as interrupted. “Resume run” continues from its last state.`)
  } catch (error) {
    tellError(error, `Run ${run.id} was not marked as interrupted`)
  }
}

export async function hideRun(run: RunView): Promise<void> {
  try {
    await client.runs.hide({ run: run.id })
    await refresh('runs')
    tellDone(`Run ${run.id} was removed from the list. Its files stay on the disk.`, async () => {
      await client.runs.restore({ run: run.id })
      await refresh('runs')
    })
  } catch (error) {
    tellError(error, `Run ${run.id} was not removed from the list`)
  }
}

export async function importCheckpoint(path: string, study: number): Promise<void> {
  try {
    const { run } = await client.runs.importCheckpoint({ path, study })
    await refresh('runs')
    tellDone(`The checkpoint was imported as run ${run}. It can be viewed and fine-tuned.`)
    goToScreen('runs', run)
  } catch (error) {
    tellError(error, 'The checkpoint was not imported')
  }
}
