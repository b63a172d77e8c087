/**
 * How k-space was acquired, as the file's own mask says: a mask of rows or points, or one that differs between slices.
 * The mask is multiplied with k-space, because k-space may hold samples that the mask calls not measured.
 */
import type { Sampling } from '../../contract/volumes.ts'
import { percent } from '../../contract/words.ts'
import { isMeasured, multiply } from '../mri/pattern.ts'
import { type StoredMask, unpacked } from '../mri/stored-mask.ts'
import type { Surveyed } from './measured.ts'
import type { Matrix } from './volume.ts'

export function storedSampling(stored: StoredMask, matrix: Matrix): Extract<Sampling, { readonly kind: 'irregular' }> {
  const { shape, measured } = stored
  const { kind } = unpacked(stored, matrix)(0)
  return {
    kind: 'irregular',
    pattern: shape[0] > 1 ? 'each slice differs' : kind === 'rows' ? 'rows' : 'points',
    acceleration: measured.length / measured.reduce((sum, value) => sum + value, 0),
  }
}

/** Compares a stored mask with k-space. */
export interface MaskSurvey {
  /** A slice's k-space with 0 where the mask says that nothing was measured. */
  measured(kspace: Float32Array, slice: number): Float32Array
  /** @param found Which samples are not empty, 1 or 0: [rows, columns]. `energy`: of the measured k-space. */
  compare(kspace: Float32Array, seen: Surveyed, found: Uint8Array, energy: number): void
  remarks(): string[]
}

export function surveyStored(stored: StoredMask, matrix: Matrix): MaskSurvey {
  const patterns = unpacked(stored, matrix)
  let [whole, inside, samples, empty] = [0, 0, 0, 0]
  return {
    measured: (kspace, slice) => multiply(patterns(slice), kspace),
    compare(kspace, { slice, rows, columns }, found, energy) {
      for (const part of kspace) whole += part * part
      inside += energy
      const named = isMeasured(patterns(slice))
      for (let row = 0, sample = 0; row < matrix.rows; row++)
        for (let column = 0; column < matrix.columns; column++, sample++) {
          // Empty lines at the edges are zero padding.
          if (!rows[row] || !columns[column] || !named(sample)) continue
          samples++
          empty += 1 - found[sample]
        }
    },
    remarks() {
      const { acceleration } = storedSampling(stored, matrix)
      const remarks = [`The dataset mask calls ${percent(1 / acceleration)} of the samples measured.`]
      if (empty > 0)
        remarks.push(
          `${percent(empty / samples)} of the samples that the dataset mask calls measured are empty in k-space. ` +
            'They count as measured zeros. Correct the mask, or remove the dataset mask.',
        )
      if (whole - inside > 1e-6 * whole)
        remarks.push(
          `The samples that the dataset mask calls not measured hold ${percent(1 - inside / whole)} of the energy of ` +
            'k-space. These samples are not used.',
        )
      return remarks
    },
  }
}
