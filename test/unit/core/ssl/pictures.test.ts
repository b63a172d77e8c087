import { describe, expect, it } from 'vitest'
import { type LabelledPart, pictureCautions, pictureOf } from '../../../../src/core/ssl/pictures.ts'

const part = (shape: number[], value: (index: number) => number): LabelledPart => ({
  name: 'view 1',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
})

describe('a picture', () => {
  it('has 8 bits and one fixed window for all parts', () => {
    const values = [-2.2, 4, 1, -9, 9, 0]
    const { pixels, shape, black, white } = pictureOf(part([2, 3, 1], i => values[i]))!
    expect(shape).toEqual([2, 3])
    expect(Array.from(pixels)).toEqual([0, 255, 132, 0, 255, 90])
    expect([black, white]).toEqual([1 / 6, 1 / 6]) // shares of clipped pixels, because this part ranges from −9 to 9
  })

  it('of several images is a square grid, with a black pixel between the images', () => {
    const { pixels, shape, black } = pictureOf(part([5, 2, 2, 1], i => 1 + Math.floor(i / 4) * 0.62))!
    expect(shape).toEqual([5, 8]) // two rows of three
    const grey = (row: number, column: number) => pixels[row * 8 + column]
    expect([grey(0, 0), grey(0, 3), grey(0, 6), grey(3, 0), grey(3, 3), grey(3, 6)]).toEqual([
      132, 157, 183, 208, 234, 0,
    ])
    for (let i = 0; i < 8; i++) expect(grey(2, i)).toBe(0)
    for (let i = 0; i < 5; i++) expect(grey(i, 2)).toBe(0)
    expect(black).toBe(1 / 5) // Gaps do not count.
  })

  it('is averaged down to 256 pixels, a grid as a whole', () => {
    const large = pictureOf(part([320, 640, 1], i => (i % 2 === 0 ? 0.9 - 1.24 : 0.9 + 1.24)))!
    expect(large.shape).toEqual([128, 256])
    const middle = large.pixels.reduce((sum, value) => sum + value, 0) / large.pixels.length
    expect(middle).toBeCloseTo(127.5, 0)
    for (const shape of [
      [9, 128, 128, 1],
      [9, 64, 64, 1],
      [4, 100, 300, 1],
    ]) {
      const { shape: whole, pixels } = pictureOf(part(shape, () => 0))!
      expect(Math.max(...whole)).toBeLessThanOrEqual(256)
      expect(pixels.length).toBe(whole[0] * whole[1])
    }
  })

  it('of a complex image shows its magnitudes, of which the largest is white', () => {
    const values = [0, 0, 0.6, 0.8, 0, -0.5, 0.3, 0]
    const { pixels, shape } = pictureOf(part([2, 2, 2], i => values[i]))!
    expect([shape, Array.from(pixels)]).toEqual([
      [2, 2],
      [0, 255, 128, 77],
    ])
  })

  it('is made neither of labels nor of rows of a bank nor of flat lists', () => {
    for (const shape of [[4], [100], [12, 128], [3, 3, 3]]) expect(pictureOf(part(shape, () => 0))).toBeNull()
  })
})

describe('cautions', () => {
  const samples = (...values: number[]) =>
    values.map(value => ({ pictures: [pictureOf(part([4, 4, 1], () => value))!] }))

  it('are absent for pictures with contrast', () => {
    const head = pictureOf(part([10, 10, 1], i => (i < 60 ? 0 : 1 + (i % 7)))) // air, then tissue
    expect(pictureCautions([{ pictures: [head!] }])).toEqual([])
  })

  it('say how many are nearly white, or nearly black, and what to try', () => {
    // The normalisation of the original work gives such pictures.
    const saturated = pictureOf(part([4, 4, 1], i => (i < 12 ? 2.2 : -2.2 + i / 16)))!
    const [white, black] = pictureCautions([...samples(9, -9), { pictures: [saturated] }])
    expect(white).toMatch(/^2 of 3 pictures are nearly white \(view 1\).*PIRL.*intensity.*standardise/)
    expect(black).toMatch(/^1 of 3 pictures are nearly black/)
  })
})
