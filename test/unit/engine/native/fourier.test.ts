/** Wrong arguments of the library's Fourier transforms become errors of JavaScript. */
import { expect, it } from 'vitest'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { loadLibrary } from '../../../../src/engine/native/library.ts'

const floats = (length: number) => new Float32Array(length)
const grid = Int32Array.of(1, 3, 4, 2, 2) // coils, rows, columns, height, width
const list = Int32Array.of(0, 3)

it('refuse wrong types, lengths, sizes and columns', () => {
  const loaded = loadLibrary(locateEngine()!.binding)
  if (!('library' in loaded)) return expect(loaded.isFault).toBe(false) // this processor lacks the instructions
  const { fourierColumns, fourierRows, fourierImages, maskColumns, fourierNormal } = loaded.library
  fourierColumns(floats(24), list, grid, floats(16), true)
  fourierRows(floats(16), list, grid, false, floats(8), true)
  const image = floats(12)
  fourierNormal(image, floats(24), new Uint8Array(6), Int32Array.of(2, 2, 3), floats(12), true)
  const columns = (...given: unknown[]) => (fourierColumns as (...given: unknown[]) => void)(...given)
  const refused = [
    () => columns(),
    () => columns(floats(24), list, grid, floats(16)),
    () => columns(new Float64Array(24), list, grid, floats(16), true),
    () => columns(floats(24), Int32Array.of(3, 0), grid, floats(16), true),
    () => columns(floats(24), Int32Array.of(-1, 0), grid, floats(16), true),
    () => columns(floats(24), Int32Array.of(4), grid, floats(16), true),
    () => columns(floats(24), list, Int32Array.of(1, 3, 4, 5, 2), floats(40), true),
    () => columns(floats(0), list, Int32Array.of(0, 3, 4, 2, 2), floats(0), true),
    () => columns(floats(24), list, Int32Array.of(1, 3, 4), floats(16), true),
    () => fourierRows(floats(16), list, grid, true, floats(5), true),
    () => fourierRows(floats(15), list, grid, true, floats(4), true),
    () => fourierImages(floats(8), Int32Array.of(1, 2, 2), true, floats(7), true),
    () => fourierImages(floats(8), new Int32Array(3).fill(2 ** 31 - 1), true, floats(8), true),
    () => (fourierImages as (...given: unknown[]) => void)(floats(8), Int32Array.of(1, 2, 2), true, floats(8)),
    () => maskColumns(floats(6), new Uint8Array(4), floats(6)),
    () => maskColumns(floats(6), new Uint8Array(3), floats(3)),
    () => maskColumns(floats(0), new Uint8Array(0), floats(0)),
    () => fourierNormal(floats(12), floats(24), new Uint8Array(4), Int32Array.of(2, 2, 3), floats(12), true),
    () => fourierNormal(floats(12), floats(23), new Uint8Array(3), Int32Array.of(2, 2, 3), floats(12), true),
    () => fourierNormal(floats(12), floats(24), new Uint8Array(3), Int32Array.of(2, 2, 3), floats(10), true),
    () => fourierNormal(floats(12), floats(24), new Uint8Array(3), Int32Array.of(2, 2), floats(12), true),
    () => fourierNormal(image, floats(24), new Uint8Array(3), Int32Array.of(2, 2, 3), image, true),
  ]
  for (const call of refused) expect(call, String(call)).toThrow(RangeError)
})
