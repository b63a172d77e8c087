/** The newest state of a run that is whole; damaged ones are passed over, and named. */
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

/** With the best weights that it names, whose file must be whole too. They lie beside the state, also where the profile has been moved. */
async function readState(run: string, file: WrittenFile): Promise<SavedState> {
  const { progress, plain } = decodeState(decodeCheckpoint(await readHashed(file), file.path), run, file.path)
  const beside = <Named extends WrittenFile>(named: Named | null) =>
    named && { ...named, path: join(dirname(file.path), basename(named.path)) }
  const best = beside(progress.best)
  if (best) await readHashed(best)
  return { progress: { ...progress, best, last: beside(progress.last) }, plain }
}

/** `states`: newest first. Throws `CHECKPOINT_DAMAGED` where none is whole. */
export async function newestWhole(
  run: string,
  states: readonly WrittenFile[],
): Promise<{ state: SavedState; notes: readonly Note[] }> {
  const faults: string[] = []
  for (const file of states) {
    try {
      const state = await readState(run, file)
      const { epoch, step } = state.progress
      const text = `A saved state is damaged: ${faults.join('; ')}. Goes on from the state before, after epoch ${epoch}, step ${step}.`
      const damage: Note = { level: 'info', code: 'state-damaged', data: { epoch, step }, text }
      return { state, notes: faults.length > 0 ? [damage] : [] }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      faults.push(error.message)
    }
  }
  throw new AppError('CHECKPOINT_DAMAGED', `No saved state of run ${run} is whole: ${faults.join('; ')}. Run it again.`)
}
