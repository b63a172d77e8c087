/** ESPIRiT maps of one slice, from k-space in memory. */
import { calibrateMaps, expandMaps } from '../../../src/core/mri/coils/maps.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { forward } from '../../../src/core/mri/sense/encoding.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import { floatsPath, type Maps, readFloats, writeFloats } from '../computed.ts'
import { ellipses, smoothMaps } from './classical.ts'
import { type Kind, SEED } from './computation.ts'

/**
 * v_c · conj(v_c+1) of each coil and the next coil, times a weight that rises from 0 at the eigenvalue 0.99 to 1 at 1.
 * The phase of a pixel's maps does not change these products, and no pixel lies on the edge of a crop. Where the two
 * largest eigenvalues are near each other, SigPy's 100 power iterations have not converged, and its maps are wrong.
 */
function products(maps: Float32Array, eigenvalues: Float32Array, coils: number): Float32Array {
  const size = 2 * eigenvalues.length
  const result = new Float32Array(maps.length)
  for (let coil = 0; coil < coils; coil++)
    for (let i = 0; i < size; i += 2) {
      const weight = Math.min(1, Math.max(0, (eigenvalues[i >> 1] - 0.99) / 0.01))
      const [a, b] = [coil * size + i, ((coil + 1) % coils) * size + i]
      result[a] = weight * (maps[a] * maps[b] + maps[a + 1] * maps[b + 1])
      result[a + 1] = weight * (maps[a + 1] * maps[b] - maps[a] * maps[b + 1])
    }
  return result
}

export const maps: Kind<Maps> = {
  async write(given) {
    const { coils, size } = given.computed
    const [rows, columns] = size
    const sizes = [coils, rows, columns] as const
    const { fourier } = await requireCompute()
    const encoding = { sizes, maps: smoothMaps(sizes), mask: new Uint8Array(columns).fill(1) }
    const random = stream(SEED, 'maps')
    const kspace = forward(encoding, ellipses(rows, columns), fourier).map(value => value + 0.01 * random.normal())
    await writeFloats(floatsPath(given, 'kspace'), kspace)
  },
  async load(given) {
    const { coils, size } = given.computed
    const compute = await requireCompute()
    const kspace = await readFloats(floatsPath(given, 'kspace'))
    const once = () =>
      expandMaps(calibrateMaps(kspace, { coils, rows: size[0], columns: size[1] }, 'the bench'), size, compute)
    return {
      once,
      result() {
        const { maps, eigenvalues } = once()
        return products(maps, eigenvalues!, coils)
      },
    }
  },
}
