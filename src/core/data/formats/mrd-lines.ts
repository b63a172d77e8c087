/** Puts the readouts of acquisitions into k-space, without the oversampling of the readout. */
import { AppError } from '../../../contract/errors.ts'
import { centredLineTransform } from '../../mri/fft-double.ts'
import type { Hdf5Record } from '../hdf5.ts'
import type { Acquisition } from './mrd-acquisitions.ts'

/** Samples of a readout, and how many are left without oversampling. */
export interface Readout {
  readonly encoded: number
  readonly rows: number
}

/** Where the used samples lie: from `from` of the acquisition to `to` of the readout. */
export interface Placed {
  readonly from: number
  readonly to: number
  readonly count: number
}

/**
 * A whole readout begins at sample 0. A shorter one is a partial echo, and its centre lies on ⌊encoded / 2⌋.
 * Throws if the readout does not fit.
 */
export function placed(acquisition: Acquisition, encoded: number, path: string): Placed {
  const { samples, discarded, centre, isReversed } = acquisition
  const count = samples - discarded[0] - discarded[1]
  const own = isReversed ? samples - 1 - centre - discarded[1] : centre - discarded[0]
  const to = count === encoded ? 0 : Math.floor(encoded / 2) - own
  if (to >= 0 && to + count <= encoded) return { from: discarded[0], to, count }
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected readouts that fit ${encoded} samples with their centre on sample ${Math.floor(encoded / 2)}, got ` +
      `${count} samples with the centre on ${own}, in acquisition ${acquisition.record + 1} of ${path}. ` +
      'Correct encodedSpace/matrixSize in the header, or center_sample.',
  )
}

/**
 * Calls `put` with each coil's readout as [rows, 2] of k-space. Without oversampling: the orthonormal inverse
 * transform, its middle rows, and the transform back. Double precision, because the identity of a volume must not
 * depend on the processor. The array is valid only until `put` returns.
 */
export function makeReadouts({ encoded, rows }: Readout, path: string) {
  const line = new Float64Array(2 * encoded)
  const isWhole = rows === encoded
  const image = new Float64Array(isWhole ? 0 : 2 * rows)
  const kspace = isWhole ? line : new Float64Array(2 * rows)
  const inverse = isWhole ? null : centredLineTransform(encoded, true, rows)
  const forward = isWhole ? null : centredLineTransform(rows, false)
  return (record: Hdf5Record, acquisition: Acquisition, put: (coil: number, readout: Float64Array) => void): void => {
    const data = record.floats('data')
    const { samples, coils, isReversed } = acquisition
    const { from, to, count } = placed(acquisition, encoded, path)
    line.fill(0)
    for (let coil = 0; coil < coils; coil++) {
      const first = coil * samples + from
      for (let i = 0; i < count; i++) {
        const at = 2 * (first + (isReversed ? count - 1 - i : i))
        line[2 * (to + i)] = data[at]
        line[2 * (to + i) + 1] = data[at + 1]
      }
      inverse?.(line, 0, 1, image, 0, 1)
      forward?.(image, 0, 1, kspace, 0, 1)
      put(coil, kspace)
    }
  }
}
