/**
 * Calgary-Campinas' raw data: `kspace` of real numbers [x, ky, kz, channels], with the real and the imaginary part of
 * each coil one after the other. x is image space already, so each x is a slice. The origin of its Fourier transform
 * is the first sample, and not the middle one. Source: Souza et al. 2018, and the data set's repository MC-MRI-Rec.
 */
import type { Hdf5File } from '../hdf5.ts'
import { isReal } from '../hdf5.ts'
import type { FileSource } from '../source.ts'
import { type Matrix, NUMBERS_ONLY, type StoredVolume, type VolumeFormat } from '../volume.ts'

export const calgary: VolumeFormat = {
  label: 'Calgary-Campinas HDF5',
  extensions: ['.h5', '.hdf5'],
  sniff: source => source.hdf5() !== null && shapeOf(source.hdf5()!) !== null,
  read,
}

/** [x, ky, kz, channels], if the dataset is real and has fewer channels than lines; else `null`. */
function shapeOf(file: Hdf5File): readonly number[] | null {
  const shape = file.shape('kspace')
  if (shape?.length !== 4 || !isReal(file.kind('kspace')) || shape.includes(0)) return null
  const [, rows, columns, channels] = shape
  return channels % 2 === 0 && channels < rows && channels < columns ? shape : null
}

function read(source: FileSource): StoredVolume {
  const file = source.hdf5()!
  const [slices, rows, columns, channels] = shapeOf(file)!
  const matrix = { coils: channels / 2, rows, columns }
  const shape = matrix.coils === 1 ? [slices, rows, columns] : [slices, matrix.coils, rows, columns]
  return {
    matrix,
    kspace: {
      role: 'k-space',
      dataset: 'kspace',
      type: file.kind('kspace')!,
      shape,
      withSlice(index, use) {
        if (!(Number.isInteger(index) && index >= 0 && index < slices))
          throw new RangeError(`Slice ${index} of ${slices} in ${file.path}`)
        return use(file.withFloat32('kspace', index, 1, values => centred(values, matrix)))
      },
      unwritten: () => file.unwritten('kspace'),
      sources: () => file.virtualSources('kspace'),
    },
    ...NUMBERS_ONLY,
  }
}

/**
 * Factors that move the origin of the image of one axis to its middle, without moving k-space: exp(2πi ⌊n/2⌋ k/n),
 * which is (−1)ᵏ for an even n. [re, im] of each k.
 */
const factorsOf = (n: number): readonly (readonly [number, number])[] =>
  Array.from({ length: n }, (_, k) => {
    if (n % 2 === 0) return [k % 2 === 0 ? 1 : -1, 0]
    const angle = (2 * Math.PI * ((Math.floor(n / 2) * k) % n)) / n
    return [Math.cos(angle), Math.sin(angle)]
  })

/** [ky, kz, channels] → [coils, ky, kz, 2] for a centred transform. */
function centred(values: Float32Array, { coils, rows, columns }: Matrix): Float32Array {
  const kspace = new Float32Array(values.length)
  const [ofRows, ofColumns] = [factorsOf(rows), factorsOf(columns)]
  for (let row = 0, from = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [a, b] = ofRows[row]
      const [c, d] = ofColumns[column]
      const [re, im] = [a * c - b * d, a * d + b * c]
      for (let coil = 0; coil < coils; coil++, from += 2) {
        const to = 2 * ((coil * rows + row) * columns + column)
        kspace[to] = re * values[from] - im * values[from + 1]
        kspace[to + 1] = re * values[from + 1] + im * values[from]
      }
    }
  return kspace
}
