/** core's Fourier transforms by the library of our own kernels. They need no TensorFlow. */
import { type Fourier, type Grid, makeFourier } from '../../core/mri/fourier.ts'
import { type LoadedLibrary, type NativeLibrary, whenFirstUsed } from './library.ts'

/** `alone`: on the calling thread. `shared`: on all cores. */
export type Workers = 'alone' | 'shared'

const listed = ({ coils, rows, columns, height, width }: Grid) => Int32Array.of(coils, rows, columns, height, width)

function nativeFourier(library: NativeLibrary, workers: Workers): Fourier {
  const isAlone = workers === 'alone'
  return {
    columns: (kspace, list, grid, along) => library.fourierColumns(kspace, list, listed(grid), along, isAlone),
    rows(along, list, grid, result) {
      const { coils, height, width } = grid
      const image = new Float32Array(result === 'magnitude' ? height * width : 2 * coils * height * width)
      library.fourierRows(along, list, listed(grid), result === 'magnitude', image, isAlone)
      return image
    },
    images(x, sizes, direction) {
      const y = new Float32Array(x.length)
      library.fourierImages(x, Int32Array.from(sizes), direction === 'inverse', y, isAlone)
      return y
    },
    maskColumns(image, mask) {
      const masked = new Float32Array(image.length)
      library.maskColumns(image, mask, masked)
      return masked
    },
    normal: (x, maps, mask, sizes, result) =>
      library.fourierNormal(x, maps, mask, Int32Array.from(sizes), result, isAlone),
  }
}

/** The library's transforms. Without the library, core's transforms in double precision. */
export const fourierOf = (loaded: LoadedLibrary, workers: Workers): Fourier =>
  'library' in loaded ? nativeFourier(loaded.library, workers) : makeFourier()

/** The transforms of a process or thread that may never load TensorFlow. */
export function lazyFourier(workers: Workers): Fourier {
  const fourier = whenFirstUsed(loaded => fourierOf(loaded, workers))
  return {
    columns: (...given) => fourier().columns(...given),
    rows: (...given) => fourier().rows(...given),
    images: (...given) => fourier().images(...given),
    maskColumns: (...given) => fourier().maskColumns(...given),
    normal: (...given) => fourier().normal(...given),
  }
}
