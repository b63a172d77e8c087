/** k-space of many coils in memory to the root sum of squares of their images, by the engine's Fourier transforms. */
import { drawPattern } from '../../../src/core/mri/draw.ts'
import { measuredColumns } from '../../../src/core/mri/mask.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import { type Coils, floatsPath, readFloats, writeFloats } from '../computed.ts'
import { type Kind, SEED } from './computation.ts'

export const coils: Kind<Coils> = {
  async write(given) {
    const { size, coils } = given.computed
    const random = stream(SEED, 'coils')
    const kspace = Float32Array.from({ length: 2 * coils * size[0] * size[1] }, () => random.normal())
    await writeFloats(floatsPath(given, 'kspace'), kspace)
    await writeFloats(floatsPath(given, 'mask'), Float32Array.from(drawPattern(given.mask, size, random).measured))
  },
  async load(given) {
    const { size, coils } = given.computed
    const [rows, columns] = size
    const { fourier } = await requireCompute()
    const kspace = await readFloats(floatsPath(given, 'kspace'))
    const measured = measuredColumns(Uint8Array.from(await readFloats(floatsPath(given, 'mask'))))
    const grid = { coils, rows, columns, height: rows, width: columns }
    const along = new Float32Array(kspace.length)
    function combine(): Float32Array {
      fourier.columns(kspace, measured, grid, along)
      return fourier.rows(along, measured, grid, 'magnitude')
    }
    return { result: combine, once: combine }
  },
}
