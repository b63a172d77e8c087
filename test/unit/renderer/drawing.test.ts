import { describe, expect, it } from 'vitest'
import {
  COLOURS,
  difference,
  GREY,
  imagePoint,
  layOut,
  paint,
  paintSeen,
} from '../../../src/renderer/viewer/drawing.ts'

const { viridis: VIRIDIS, inferno: INFERNO } = COLOURS

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

  it('clips values outside the window, and marks pixels without a number', () => {
    expect(levels([-1e9, 1e9, Number.NaN, Number.POSITIVE_INFINITY])).toEqual([0, 255, 0, 255])
    const pixels = new Uint32Array(2)
    paint(Float32Array.of(Number.NaN, 2), window, VIRIDIS, pixels)
    expect(channels(pixels[0])).toEqual([200, 200, 200, 255])
    expect(pixels[1]).toBe(VIRIDIS[0])
  })

  it('paints an error map in its own colours', () => {
    const pixels = new Uint32Array(3)
    paint(Float32Array.of(2, 12, 7), window, INFERNO, pixels)
    expect([...pixels]).toEqual([INFERNO[0], INFERNO[255], INFERNO[128]])
    expect(channels(INFERNO[0])).toEqual([0, 0, 4, 255])
    expect(channels(INFERNO[255])).toEqual([252, 255, 164, 255])
  })

  it('has opaque colour maps of increasing brightness', () => {
    for (const map of [GREY, VIRIDIS, INFERNO]) {
      const brightness = Array.from(map, word => {
        const [red, green, blue, alpha] = channels(word)
        expect(alpha).toBe(255)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
      })
      for (let i = 8; i < 256; i++) expect(brightness[i]).toBeGreaterThan(brightness[i - 8])
    }
  })
})

describe('a second number of each pixel', () => {
  const window = { low: 0, high: 2 }

  it('is a phase as hue, and the magnitude is the brightness', () => {
    const phases = Float32Array.of(-Math.PI, Math.PI, 0, Math.PI / 2, 1, 1)
    const values = Float32Array.of(2, 5, 1, 0, Number.NaN, -1)
    const pixels = new Uint32Array(6)
    const seen = { values, shape: [1, 6], map: GREY, second: { kind: 'phase', values: phases } } as const
    paintSeen(seen, window, pixels)
    const [ofPi, minusPi, ofZero] = [COLOURS.cyclic[255], COLOURS.cyclic[0], COLOURS.cyclic[128]]
    expect([pixels[0], pixels[1], ofPi]).toEqual([ofPi, ofPi, minusPi])
    expect(channels(pixels[2])).toEqual([
      ...channels(ofZero)
        .slice(0, 3)
        .map(value => Math.round(value / 2)),
      255,
    ])
    expect(channels(pixels[3])).toEqual([0, 0, 0, 255])
    expect(channels(pixels[4])).toEqual([200, 200, 200, 255])
    expect(channels(pixels[5])).toEqual([0, 0, 0, 255])
  })

  it('is a mark', () => {
    const pixels = new Uint32Array(2)
    const second = { kind: 'mark', values: Float32Array.of(1, 0) } as const
    paintSeen({ values: Float32Array.of(2, 2), shape: [1, 2], map: GREY, second }, window, pixels)
    expect(channels(pixels[0])).toEqual([230, 159, 0, 255])
    expect(pixels[1]).toBe(GREY[255])
  })
})

describe('tiles', () => {
  it('have a line between them, and places without a tile are transparent', () => {
    const tiles = { count: 3, columns: 2, height: 2, width: 2, gap: 1 }
    const pixels = new Uint32Array(25)
    const values = new Float32Array(25).fill(1)
    paintSeen({ values, shape: [5, 5], map: GREY, tiles }, { low: 0, high: 1 }, pixels)
    const [line, white] = [pixels[2], GREY[255]]
    expect(channels(line)[3]).toBe(255)
    const row = [white, white, line, white, white]
    const last = [white, white, line, 0, 0]
    expect([...pixels]).toEqual([...row, ...row, ...Array(5).fill(line), ...last, ...last])
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

  it('finds one voxel under one point in all panes of one view, at any zoom', () => {
    for (const zoom of [1, 1.7, 8, 32]) {
      const place = { zoom, x: 0.4, y: 0.6 }
      const point = { x: 123, y: 45 }
      const { x, y } = imagePoint(point, layOut(pane, shape, place), shape)
      const layout = layOut(pane, shape, place)
      expect(layout.left + x * shape[1] * layout.scale).toBeCloseTo(point.x)
      expect(layout.top + y * shape[0] * layout.scale).toBeCloseTo(point.y)
    }
  })

  it('does not change the two images of a difference', () => {
    const [a, b] = [Float32Array.of(1, 5), Float32Array.of(4, 3)]
    expect([...difference(a, b, false)]).toEqual([3, 2])
    expect([...difference(a, b, true)]).toEqual([-3, 2])
    expect([...a, ...b]).toEqual([1, 5, 4, 3])
  })
})
