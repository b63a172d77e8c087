/** The engine's dominant eigenvectors against core's definition, and wrong arguments. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Eigenvectors, makeEigenvectors, pairCount } from '../../../../src/core/mri/coils/eigenvectors.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { lazyEigenvectors } from '../../../../src/engine/native/eigenvectors.ts'
import { loadLibrary } from '../../../../src/engine/native/library.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'

beforeAll(useEngine)

const random = RandomState.fromSeed(5)
const noise = (length: number) => Float32Array.from({ length }, () => random.normal())

/** x xᴴ + 0.3 y yᴴ of random x and y per pixel, [pair, re or im, pixel]. */
function matrices(coils: number, pixels: number): Float32Array {
  const triangles = new Float32Array(2 * pairCount(coils) * pixels)
  for (const weight of [1, 0.3]) {
    const x = noise(2 * coils * pixels)
    let pair = 0
    for (let c = 0; c < coils; c++)
      for (let d = 0; d <= c; d++, pair++)
        for (let pixel = 0; pixel < pixels; pixel++) {
          const [a, b] = [c, d].map(coil => 2 * (coil * pixels + pixel))
          triangles[2 * pair * pixels + pixel] += weight * (x[a] * x[b] + x[a + 1] * x[b + 1])
          triangles[(2 * pair + 1) * pixels + pixel] += weight * (x[a + 1] * x[b] - x[a] * x[b + 1])
        }
  }
  return triangles
}

describe.each([
  ['the engine’s', () => compute().eigenvectors],
  ['a thread’s', () => lazyEigenvectors('alone')],
] as const)('%s eigenvectors', (_, make: () => Eigenvectors) => {
  it.each([
    [1, 5],
    [4, 33],
    [15, 70],
  ])('of %d coils and %d pixels equal core’s', (coils, pixels) => {
    const [triangles, reference] = [matrices(coils, pixels), noise(2 * coils)]
    const [found, expected] = [make(), makeEigenvectors()].map(each => each.ofMatrices(triangles, reference))
    expectClose(found.vectors, expected.vectors, 1e-3)
    expectClose(found.values, expected.values, 1e-5)
  })

  it('refuse arrays whose lengths do not fit', () => {
    const triangles = matrices(3, 4)
    const series = { coils: 3, kernel: 2, elements: new Float32Array(2 * 6 * 9) }
    const refused = [
      () => make().ofMatrices(triangles.subarray(1), noise(6)),
      () => make().ofMatrices(triangles, noise(5)),
      () => make().ofMatrices(triangles, noise(0)),
      () => make().ofSeries(series, [4, 4], noise(4)),
      () => make().ofSeries({ ...series, kernel: 3 }, [4, 4], noise(6)),
    ]
    for (const call of refused) expect(call).toThrow(RangeError)
  })
})

it('the library refuses wrong types and lengths', () => {
  const loaded = loadLibrary(locateEngine()!.binding)
  if (!('library' in loaded)) return expect(loaded.isFault).toBe(false) // this processor lacks the instructions
  const { dominantOfMatrices, dominantOfSeries } = loaded.library
  const floats = (length: number) => new Float32Array(length)
  const sizes = Int32Array.of(2, 3, 4, 5)
  dominantOfMatrices(floats(6 * 7), floats(4), floats(4 * 7), floats(7), true)
  dominantOfSeries(floats(54), sizes, floats(24), floats(30), floats(4), floats(80), floats(20), true)
  const anything = dominantOfSeries as (...given: unknown[]) => void
  const refused = [
    () => anything(),
    () => dominantOfMatrices(floats(6 * 7), floats(3), floats(4 * 7), floats(7), true),
    () => dominantOfMatrices(floats(6 * 7 - 1), floats(4), floats(4 * 7), floats(7), true),
    () => dominantOfMatrices(floats(6 * 7), floats(4), floats(4 * 6), floats(7), true),
    () => dominantOfMatrices(floats(0), floats(4), floats(0), floats(0), true),
    () => dominantOfSeries(floats(53), sizes, floats(24), floats(30), floats(4), floats(80), floats(20), true),
    () => dominantOfSeries(floats(54), sizes, floats(23), floats(30), floats(4), floats(80), floats(20), true),
    () => dominantOfSeries(floats(54), sizes, floats(24), floats(29), floats(4), floats(80), floats(20), true),
    () => dominantOfSeries(floats(54), sizes, floats(24), floats(30), floats(6), floats(80), floats(20), true),
    () =>
      dominantOfSeries(
        floats(54),
        Int32Array.of(2, 3, 4),
        floats(24),
        floats(30),
        floats(4),
        floats(80),
        floats(20),
        true,
      ),
    () =>
      dominantOfSeries(
        floats(54),
        Int32Array.of(2, 0, 4, 5),
        floats(0),
        floats(0),
        floats(4),
        floats(80),
        floats(20),
        true,
      ),
    () => anything(new Float64Array(54), sizes, floats(24), floats(30), floats(4), floats(80), floats(20), true),
  ]
  for (const call of refused) expect(call, String(call)).toThrow(RangeError)
})
