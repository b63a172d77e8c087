/**
 * Writes a volume's k-space as fastMRI HDF5, slice by slice, with its ground truth, mask, lengths and geometry.
 * Nothing of the patient is written. A pseudonym keeps the files of one patient together.
 */
import { createHash } from 'node:crypto'
import type { VolumeInfo } from '../../../contract/volumes.ts'
import { GEOMETRY_DATASET } from '../../../core/data/formats/stored-geometry.ts'
import type { Volume } from '../../../core/data/volume.ts'
import { gridOf, type Pattern } from '../../../core/mri/pattern.ts'
import type { Pause } from '../../../core/pause.ts'
import type { OnShare } from '../../../core/reconstruct.ts'
import { fillHdf5 } from '../hdf5-write.ts'
import { kspaceHeader } from './kspace-header.ts'

/** The ground truth's names in fastMRI. For one coil, both images are the same. */
const truthNames = (coils: number) =>
  coils > 1 ? ['reconstruction_rss'] : ['reconstruction_esc', 'reconstruction_rss']

/** Made of the salted hash of the patient id, so equal for all files of a patient in this profile. */
const pseudonymOf = ({ patient }: VolumeInfo): string =>
  `anonymous-${createHash('sha256').update(patient).digest('hex').slice(0, 12)}`

/** The pattern of a volume that was measured with the same columns in all slices; else `null`. */
function columnsOf({ mask, info: { slices } }: Volume): Pattern | null {
  const first = mask?.(0)
  if (!mask || first?.kind !== 'columns') return null
  for (let slice = 1; slice < slices; slice++) if (mask(slice) !== first) return null
  return first
}

export function writeKspace(path: string, volume: Volume, pause: Pause, onShare: OnShare): Promise<void> {
  const { info, mask } = volume
  const { slices, coils, rows, columns, targetShape, acquisition, orientation, geometry } = info
  return fillHdf5(path, async write => {
    const kspace = write.stack('kspace', slices, coils > 1 ? [coils, rows, columns] : [rows, columns], 'complex64')
    const images = (name: string) => write.stack(name, slices, targetShape!, 'float32')
    const truths = targetShape ? truthNames(coils).map(images) : []
    const noiseFree = targetShape && info.noiseFree ? images('reconstruction_noise_free') : null
    const common = columnsOf(volume)
    if (common) write.numbers('mask', Float32Array.from(common.measured))
    const masks = mask && !common ? write.stack('mask', slices, [rows, columns], 'float32') : null
    let [maximum, power] = [0, 0]
    for (let slice = 0; slice < slices; slice++) {
      await pause()
      volume.withKspace(slice, values => kspace(slice, values))
      masks?.(slice, gridOf(mask!(slice)))
      const truth = targetShape && volume.readTarget(slice)
      if (truth) {
        for (const put of truths) put(slice, truth)
        for (const value of truth) {
          maximum = Math.max(maximum, value)
          power += value * value
        }
      }
      const clean = noiseFree && volume.readNoiseFree(slice)
      if (clean) noiseFree(slice, clean)
      onShare((slice + 1) / slices)
    }
    write.text('ismrmrd_header', kspaceHeader(info))
    if (geometry) write.text(GEOMETRY_DATASET, JSON.stringify(geometry))
    return {
      patient_id: pseudonymOf(info),
      ...(acquisition !== null && { acquisition }),
      ...(targetShape && { max: maximum, norm: Math.sqrt(power) }),
      ...(orientation && { patient_orientation: orientation.join('\\') }),
      ...(info.origin !== 'measured' && { [info.origin]: 1 }),
    }
  })
}
