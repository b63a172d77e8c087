import { describe, expect, it } from 'vitest'
import { COLOUR_TABLES, methodColour, runColour } from '../../../src/presentation/colours.ts'
import { fitWindow, ownWindow } from '../../../src/presentation/windows.ts'
import { COLOURS as SCREEN } from '../../../src/renderer/viewer/drawing.ts'
import { COLOURS as PRINT } from '../../../src/services/reports/pixels.ts'

describe('colours', () => {
  it('are equal on screen and in print, at every level and for a pixel without a number', () => {
    for (const [map, { levels }] of Object.entries(COLOUR_TABLES)) {
      const name = map as keyof typeof COLOUR_TABLES
      expect(SCREEN[name]).toHaveLength(levels.length)
      levels.forEach((colour, level) => {
        const word = SCREEN[name][level]
        expect([word & 255, (word >>> 8) & 255, (word >>> 16) & 255]).toEqual(colour)
        const printed = PRINT[name](level / (levels.length - 1))
        expect(printed).toEqual(colour.slice(0, printed.length))
      })
    }
  })

  it('equal the published maps', () => {
    const { inferno, diverging } = COLOUR_TABLES
    expect([0, 64, 128, 255].map(level => inferno.levels[level])).toEqual([
      [0x00, 0x00, 0x04],
      [0x57, 0x10, 0x6e],
      [0xbc, 0x37, 0x54],
      [0xfc, 0xff, 0xa4],
    ])
    const [[blueRed, , blueBlue], [redRed, , redBlue]] = [diverging.levels[0], diverging.levels[255]]
    expect(blueBlue).toBeGreaterThan(blueRed)
    expect(redRed).toBeGreaterThan(redBlue)
    expect(Math.min(...diverging.levels[128])).toBeGreaterThan(230)
  })

  it('of phases have equal lightness and chroma at every hue, and one colour at both ends', () => {
    const { levels } = COLOUR_TABLES.cyclic
    expect(levels[0]).toEqual(levels[255])
    const hues = levels.map(colour => {
      const [r, g, b] = colour.map(value => {
        const share = value / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      // sRGB → OKLab, Ottosson 2020
      const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
      const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
      const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
      expect(0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s).toBeCloseTo(0.75, 2)
      const [x, y] = [
        1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
      ]
      expect(Math.hypot(x, y)).toBeCloseTo(0.125, 2)
      return Math.atan2(y, x)
    })
    for (let level = 1; level < 256; level++) {
      const step = (hues[level] - hues[level - 1] + 2 * Math.PI) % (2 * Math.PI)
      expect(Math.abs(step - (2 * Math.PI) / 255)).toBeLessThan(0.02)
    }
  })

  it('have no level that equals a pixel without a number, except in grey', () => {
    for (const map of ['viridis', 'inferno', 'diverging', 'cyclic'] as const) {
      const { levels, noValue } = COLOUR_TABLES[map]
      expect(levels).not.toContainEqual(noValue)
    }
  })

  it('of a run depend on its number, and of a method on its place in the table', () => {
    expect([runColour('1'), runColour('8')]).toEqual(['#56b4e9', '#56b4e9'])
    expect(methodColour('b', ['a', 'b'])).toBe('#56b4e9')
    expect(methodColour('c', ['a', 'b'])).toBeNull()
  })
})

describe('windows', () => {
  it('fit a magnitude image from 0 to its 99.5th percentile', () => {
    expect(fitWindow(Float32Array.from({ length: 1000 }, (_, i) => i))).toEqual({ low: 0, high: 995 })
    expect(fitWindow(new Float32Array(10))).toEqual({ low: 0, high: 1 })
  })

  it('fit an image in arbitrary units to the middle of its values, with any sign', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i - 500)
    expect(ownWindow(values)).toEqual({ low: -495, high: 495 })
    expect(ownWindow(new Float32Array(4).fill(3))).toEqual({ low: 3, high: 4 })
  })

  it('leave out outliers and pixels without a number', () => {
    const image = Float32Array.from({ length: 1000 }, (_, i) => i)
    image[0] = 1e9
    image[1] = Number.NaN
    expect(ownWindow(image)).toEqual({ low: 6, high: 996 })
    expect(ownWindow(new Float32Array(3).fill(Number.NaN))).toEqual({ low: 0, high: 1 })
  })
})
