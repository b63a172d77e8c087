import { describe, expect, it } from 'vitest'
import {
  DIVERGING,
  difference,
  fitWindow,
  GREY,
  INFERNO,
  imagePoint,
  layOut,
  ownWindow,
  paint,
  VIRIDIS,
} from '../../../src/renderer/viewer/drawing.ts'

const channels = (word: number) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]

describe('window and level', () => {
  const window = { low: 2, high: 12 }

  const levels = (values: readonly number[]) => {
    const pixels = new Uint32Array(values.length)
    paint(Float32Array.from(values), window, GREY, pixels)
    return Array.from(pixels, word => channels(word)[0])
  }

  it('maps low to black, high to white, and rounds between', () => {
    expect(levels([2, 12, 7, 4.5, 2.01, 11.99])).toEqual([0, 255, 128, 64, 0, 255])
  })

  it('clips outside, and takes what is no number for black', () => {
    expect(levels([-1e9, 1e9, Number.NaN, Number.POSITIVE_INFINITY])).toEqual([0, 255, 0, 255])
    const pixels = new Uint32Array(2)
    paint(Float32Array.of(Number.NaN, 2), window, VIRIDIS, pixels)
    expect(channels(pixels[0])).toEqual([0, 0, 0, 255])
    expect(pixels[1]).toBe(VIRIDIS[0])
  })

  it('paints an error map in its own colours', () => {
    const pixels = new Uint32Array(3)
    paint(Float32Array.of(2, 12, 7), window, INFERNO, pixels)
    expect([...pixels]).toEqual([INFERNO[0], INFERNO[255], INFERNO[128]])
    expect(channels(INFERNO[0])).toEqual([0, 0, 4, 255])
    expect(channels(INFERNO[255])).toEqual([252, 255, 164, 255])
  })

  it('has opaque maps whose brightness only rises', () => {
    for (const map of [GREY, VIRIDIS, INFERNO]) {
      const brightness = Array.from(map, word => {
        const [red, green, blue, alpha] = channels(word)
        expect(alpha).toBe(255)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
      })
      for (let i = 8; i < 256; i++) expect(brightness[i]).toBeGreaterThan(brightness[i - 8])
    }
  })

  it('is black where there is no error, and as bright on either side of it', () => {
    const signed = Float32Array.of(-5, 0, 5)
    const pixels = new Uint32Array(3)
    paint(signed, { low: -5, high: 5 }, DIVERGING, pixels)
    expect(channels(pixels[0])).toEqual([96, 176, 255, 255])
    expect(Math.max(...channels(pixels[1]).slice(0, 3))).toBeLessThanOrEqual(1)
    expect(channels(pixels[2])).toEqual([255, 158, 74, 255])
  })

  it('fits a magnitude image from 0 to its 99.5th percentile', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i)
    expect(fitWindow(values)).toEqual({ low: 0, high: 995 })
    expect(fitWindow(new Float32Array(10))).toEqual({ low: 0, high: 1 })
  })

  it('fits an image in arbitrary units to its own middle, of whatever sign', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i - 500)
    expect(ownWindow(values)).toEqual({ low: -495, high: 495 })
    expect(ownWindow(new Float32Array(4).fill(3))).toEqual({ low: 3, high: 4 })
  })
})

describe('places', () => {
  const pane = { width: 400, height: 300 }
  const shape = [128, 126] as const

  it('fits the whole image, centred', () => {
    const { left, top, scale } = layOut(pane, shape, { zoom: 1, x: 0.5, y: 0.5 })
    expect(scale).toBe(300 / 128)
    expect(top).toBe(0)
    expect(left).toBeCloseTo((400 - 126 * scale) / 2)
  })

  it('tells the same voxel under the same point in panes that look at the same place, at any zoom', () => {
    for (const zoom of [1, 1.7, 8, 32]) {
      const place = { zoom, x: 0.4, y: 0.6 }
      const point = { x: 123, y: 45 }
      const { x, y } = imagePoint(point, layOut(pane, shape, place), shape)
      const layout = layOut(pane, shape, place)
      expect(layout.left + x * shape[1] * layout.scale).toBeCloseTo(point.x)
      expect(layout.top + y * shape[0] * layout.scale).toBeCloseTo(point.y)
    }
  })

  it('leaves the two images of a difference as they were', () => {
    const [a, b] = [Float32Array.of(1, 5), Float32Array.of(4, 3)]
    expect([...difference(a, b, false)]).toEqual([3, 2])
    expect([...difference(a, b, true)]).toEqual([-3, 2])
    expect([...a, ...b]).toEqual([1, 5, 4, 3])
  })
})
