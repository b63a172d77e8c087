/** Files that stay open between the calls of panes, so that scrolling is fast. */
import { AppError } from '../../contract/errors.ts'
import type { Volume } from '../../core/data/volume.ts'
import { VolumePool } from '../files/volume-pool.ts'
import type { VolumeFile } from '../process/protocol.ts'

export const volumes = new VolumePool()

/** Throws `INVALID_ARGUMENT` for a slice that the file does not have. */
export async function openAt({ path, content }: VolumeFile, slice: number): Promise<Volume> {
  const volume = await volumes.open(path, content)
  const { slices } = volume.info
  if (Number.isInteger(slice) && slice >= 0 && slice < slices) return volume
  throw new AppError('INVALID_ARGUMENT', `Expected a slice from 1 to ${slices}, got ${slice + 1}, in ${path}`)
}
