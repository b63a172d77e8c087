/** Finds the newest undamaged state of a run. A note names damaged states. */
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { Note } from '../../contract/notes.ts'
import { decodeCheckpoint } from '../../core/training/checkpoint.ts'
import { decodeState, type SavedState } from '../../core/training/state.ts'
import { readBytes, sha256 } from '../files/whole-files.ts'
import type { WrittenFile } from '../process/protocol.ts'

async function readHashed({ path, sha256: expected }: WrittenFile): Promise<Uint8Array> {
  const bytes = await readBytes(path)
  const digest = sha256(bytes)
  if (digest === expected) return bytes
  throw new AppError('CHECKPOINT_DAMAGED', `Expected SHA-256 ${expected}, got ${digest}, in ${path}`)
}

/**
 * Reads a state and checks the best weights that the state names. Both files are in one folder, which may have moved.
 */
async function readState(run: string, file: WrittenFile): Promise<SavedState> {
  const { progress, plain } = decodeState(decodeCheckpoint(await readHashed(file), file.path), run, file.path)
  const beside = <Named extends WrittenFile>(named: Named | null) =>
    named && { ...named, path: join(dirname(file.path), basename(named.path)) }
  const best = beside(progress.best)
  if (best) await readHashed(best)
  return { progress: { ...progress, best, last: beside(progress.last) }, plain }
}

/** `states` is ordered from new to old. Throws `CHECKPOINT_DAMAGED` if all states are damaged. */
export async function newestWhole(
  run: string,
  states: readonly WrittenFile[],
): Promise<{ state: SavedState; notes: readonly Note[] }> {
  const faults: string[] = []
  for (const file of states) {
    try {
      const state = await readState(run, file)
      const { epoch, step } = state.progress
      const place = `Goes on from the state before, after epoch ${epoch}, step ${step}.`
      const text = `A saved state is damaged: ${faults.join('; ')}. ${place}`
      const damage: Note = { level: 'info', code: 'state-damaged', data: { epoch, step }, text }
      return { state, notes: faults.length > 0 ? [damage] : [] }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      faults.push(error.message)
    }
  }
  const message = `All saved states of run ${run} are damaged: ${faults.join('; ')}. Train again.`
  throw new AppError('CHECKPOINT_DAMAGED', message)
}
