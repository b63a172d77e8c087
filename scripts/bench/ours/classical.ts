/** Classical reconstructions of one slice, from k-space and coil maps in memory, by core's solvers. */
import { drawPattern } from '../../../src/core/mri/draw.ts'
import { maskOfSamples } from '../../../src/core/mri/pattern.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { type Encoding, forward, leastSquares } from '../../../src/core/mri/sense/encoding.ts'
import { CLASSICAL, type ClassicalMethod } from '../../../src/core/mri/sense/index.ts'
import { solve } from '../../../src/core/mri/sense/iterates.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import { type Classical, floatsPath, type Given, readFloats, writeFloats } from '../computed.ts'
import { type Kind, SEED } from './computation.ts'

/** Coils on a circle around the image: a bright side and a phase that turns. The squares of a pixel sum to 1. */
export function smoothMaps([coils, rows, columns]: Encoding['sizes']): Float32Array {
  const maps = new Float32Array(2 * coils * rows * columns)
  for (let pixel = 0; pixel < rows * columns; pixel++) {
    const [y, x] = [Math.floor(pixel / columns) / rows - 0.5, (pixel % columns) / columns - 0.5]
    const magnitudes = Array.from({ length: coils }, (_, coil) => {
      const angle = (2 * Math.PI * coil) / coils
      return Math.exp(-2 * ((x - 0.6 * Math.cos(angle)) ** 2 + (y - 0.6 * Math.sin(angle)) ** 2))
    })
    const length = Math.hypot(...magnitudes)
    for (const [coil, magnitude] of magnitudes.entries()) {
      const phase = coil + 2 * x * Math.sin(coil) + 2 * y * Math.cos(coil)
      maps[2 * (coil * rows * columns + pixel)] = (magnitude / length) * Math.cos(phase)
      maps[2 * (coil * rows * columns + pixel) + 1] = (magnitude / length) * Math.sin(phase)
    }
  }
  return maps
}

/** Ellipses, one in another. */
export function ellipses(rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: 2 * rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / 2 / columns) / rows - 0.5, ((i >> 1) % columns) / columns - 0.5]
    const radius = Math.hypot(2.4 * x, 2.2 * y)
    const inner = Math.hypot(9 * (x - 0.1), 7 * (y + 0.1)) < 1 || Math.hypot(12 * (x + 0.15), 5 * y) < 1
    return i % 2 || radius > 1 ? 0 : inner ? 1 : 0.6 - 0.2 * radius
  })
}

const sizesOf = ({ computed: { coils, size } }: Given<Classical>): Encoding['sizes'] => [coils, ...size]

export const classical: Kind<Classical> = {
  async write(given) {
    const sizes = sizesOf(given)
    const [, rows, columns] = sizes
    const { fourier } = await requireCompute()
    const random = stream(SEED, 'classical')
    const encoding = {
      sizes,
      maps: smoothMaps(sizes),
      mask: maskOfSamples(drawPattern(given.mask, [rows, columns], random)),
    }
    const measured = forward(encoding, ellipses(rows, columns), fourier).map(value =>
      value === 0 ? 0 : value + 0.01 * random.normal(),
    )
    // λ refers to the largest magnitude of the zero-filled image, so that is 1 on both sides.
    const { scale } = leastSquares(encoding, measured, fourier, 'the bench')
    await writeFloats(
      floatsPath(given, 'kspace'),
      measured.map(value => value / scale),
    )
    await writeFloats(floatsPath(given, 'maps'), encoding.maps)
    await writeFloats(floatsPath(given, 'mask'), Float32Array.from(encoding.mask))
  },
  async load(given) {
    const [kspace, maps, mask] = await Promise.all(
      ['kspace', 'maps', 'mask'].map(which => readFloats(floatsPath(given, which))),
    )
    const { fourier } = await requireCompute()
    const encoding = { sizes: sizesOf(given), maps, mask: Uint8Array.from(mask) }
    const { method, settings } = given.computed
    // biome-ignore lint/suspicious/noExplicitAny: each method has a configuration of its own, checked by its schema
    const { config, iterates }: ClassicalMethod<any> = CLASSICAL[method]
    const reconstruct = () => {
      const problem = leastSquares(encoding, kspace, fourier, 'the bench')
      return solve(iterates(problem, config.parse(settings)), settings.iterations, { pause: async () => {} })
    }
    return { result: reconstruct, once: reconstruct }
  },
}
