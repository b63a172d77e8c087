import { describe, expect, it } from 'vitest'
import { centredLineTransform, fft2Centred, ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { expectClose, golden } from '../../../golden.ts'

const vectors = golden('fft')

/** Images of a golden array. All axes before the last three are a batch. */
function images(name: string): { height: number; width: number; data: Float64Array[] } {
  const { shape, data } = vectors.array(name)
  const [height, width] = shape.slice(-3)
  const size = 2 * height * width
  const all = Float64Array.from(data)
  return {
    height,
    width,
    data: Array.from({ length: all.length / size }, (_, i) => all.slice(i * size, (i + 1) * size)),
  }
}

function noise(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => ((i * 7919 + 13) % 1009) / 1009 - 0.5)
}

describe.each(vectors.params.cases as string[])('golden %s', name => {
  it.each([
    ['fft', fft2Centred],
    ['ifft', ifft2Centred],
  ] as const)('%s to 1e-12', (kind, transform) => {
    const { height, width, data } = images(`${name}.x`)
    const expected = images(`${name}.${kind}`)
    expect(data.length).toBe(expected.data.length)
    data.forEach((x, i) => {
      expectClose(transform(x, height, width), expected.data[i], 1e-12)
    })
  })
})

describe('any length', () => {
  it.each([1, 2, 3, 5, 7, 8, 9, 31, 97, 372, 640, 768])('%i: equals the definition', length => {
    const x = noise(2 * length)
    const half = Math.floor(length / 2)
    const expected = new Float64Array(2 * length)
    for (let k = 0; k < length; k++) {
      for (let n = 0; n < length; n++) {
        const angle = (-2 * Math.PI * (((k - half) * (n - half)) % length)) / length
        expected[2 * k] += (x[2 * n] * Math.cos(angle) - x[2 * n + 1] * Math.sin(angle)) / Math.sqrt(length)
        expected[2 * k + 1] += (x[2 * n] * Math.sin(angle) + x[2 * n + 1] * Math.cos(angle)) / Math.sqrt(length)
      }
    }
    expectClose(fft2Centred(x, 1, length), expected, 1e-12)
    expectClose(fft2Centred(x, length, 1), expected, 1e-12)
  })

  it('inverse undoes forward, and both leave their input alone', () => {
    const x = noise(2 * 45 * 62)
    const before = x.slice()
    expectClose(ifft2Centred(fft2Centred(x, 45, 62), 45, 62), before, 1e-13)
    expect(x).toEqual(before)
  })

  it('keeps the central samples when asked for fewer', () => {
    const x = noise(2 * 30)
    const all = fft2Centred(x, 1, 30)
    for (const keep of [12, 13]) {
      const kept = new Float64Array(2 * keep)
      centredLineTransform(30, false, keep)(x, 0, 1, kept, 0, 1)
      const first = 15 - Math.floor(keep / 2)
      expect(kept).toEqual(all.slice(2 * first, 2 * (first + keep)))
    }
  })

  it('refuses an array of the wrong length', () => {
    expect(() => fft2Centred(new Float64Array(10), 2, 3)).toThrow('Expected 12 numbers')
  })
})
