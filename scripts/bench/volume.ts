/** A volume of synthetic knees. With one coil, a few drawn slices are repeated to fill the volume. */
import { join } from 'node:path'
import { ismrmrdHeader } from '../../src/core/mri/phantom/index.ts'
import { writeFastMri } from '../../src/engine/files/hdf5-write.ts'
import { synthesizeKnees } from '../../src/engine/files/synthesize.ts'
import { openVolume } from '../../src/engine/files/volumes.ts'

const SLICES = 35
/** Few slices are drawn, because one slice takes a second, and several seconds with 15 coils. */
const DRAWN = 5

export async function syntheticVolume(folder: string, coils: number): Promise<string> {
  const directory = join(folder, `knee-${coils}`)
  const spec = { directory, seed: 0, patients: { train: 1, val: 0, test: 0 }, slices: DRAWN, coils }
  const [file] = await synthesizeKnees(
    spec,
    () => {},
    async () => {},
  )
  if (coils > 1) return file
  const { info, readKspace, readTarget, readNoiseFree, dispose } = await openVolume(file, '')
  const again = (read: (slice: number) => Float32Array | null) => {
    const drawn = Array.from({ length: DRAWN }, (_, slice) => read(slice)!)
    return Array.from({ length: SLICES }, (_, slice) => drawn[slice % DRAWN])
  }
  const path = join(directory, 'volume.h5')
  await writeFastMri(path, {
    matrix: [info.rows, info.columns],
    kspace: again(readKspace),
    imageSize: info.targetShape!,
    reconstruction: again(readTarget),
    noiseFree: again(readNoiseFree),
    header: ismrmrdHeader({ seed: 0, patient: 0, acquisition: 'CORPD_FBK' }, SLICES),
    attributes: {
      acquisition: info.acquisition!,
      max: info.maximum!,
      norm: 0,
      patient_id: 'synthetic',
      generator: 'the bench',
    },
  })
  dispose()
  return path
}
