import { describe, expect, it } from 'vitest'
import {
  errorIn,
  fastmriPlusBoxes,
  histogramOf,
  lengthOf,
  meanIn,
  pixelsIn,
  profileOf,
  spreadIn,
} from '../../../src/renderer/viewer/measure.ts'

const at = (x: number, y: number) => ({ x, y })

describe('the pixels of a region', () => {
  it('are the pixels whose centre is in the region', () => {
    const rectangle = { kind: 'rectangle', from: at(0.5, 0.25), to: at(0.25, 0.75) } as const // drawn leftwards
    expect(pixelsIn(rectangle, [4, 8])).toEqual([10, 11, 18, 19])
    expect(pixelsIn({ ...rectangle, from: at(-1, -1), to: at(2, 2) }, [2, 2])).toEqual([0, 1, 2, 3])
    expect(pixelsIn({ ...rectangle, from: at(0.3, 0.3), to: at(0.31, 0.31) }, [4, 4])).toEqual([])
  })

  it('fill π/4 of the box for an ellipse', () => {
    const inside = pixelsIn({ kind: 'ellipse', from: at(0, 0), to: at(1, 1) }, [200, 100])
    expect(inside.length / 20_000).toBeCloseTo(Math.PI / 4, 2)
    expect(inside).not.toContain(0)
  })
})

describe('numbers of a region', () => {
  const values = Float32Array.of(1, 2, 3, 6, 100)
  const truth = Float32Array.of(1, 1, 5, 6, 0)

  it('depend on the pixels of the region only', () => {
    expect(spreadIn(values, [0, 1, 2, 3])).toEqual({ mean: 3, sd: Math.sqrt(14 / 3), count: 4 })
    expect(spreadIn(values, [4])).toEqual({ mean: 100, sd: 0, count: 1 })
    const { psnr, nmse } = errorIn(values, truth, [0, 1, 2, 3], 10)
    expect(nmse).toBeCloseTo(5 / 63, 12)
    expect(psnr).toBeCloseTo(10 * Math.log10(100 / 1.25), 12)
  })

  it('ignore pixels without a value', () => {
    expect(meanIn(Float32Array.of(Number.NaN, 0.5, 0.7), [0, 1, 2])).toBeCloseTo(0.6, 6)
  })

  it('are counted in bins, and outliers in the last bins', () => {
    const { at: middles, counts } = histogramOf(Float32Array.of(-5, 0.01, 63.5, 99), [0, 1, 2, 3], 0, 64)
    expect([counts[0], counts[63], counts.reduce((a, b) => a + b)]).toEqual([2, 2, 4])
    expect([middles[0], middles[63]]).toEqual([0.5, 63.5])
  })
})

describe('a line', () => {
  const ramp = Float32Array.from({ length: 200 }, (_, i) => (i % 20) + 0.5) // 10 rows of x

  it('has its length in pixels, for images of all shapes, and in mm', () => {
    expect(lengthOf({ from: at(0, 0), to: at(1, 1) }, [30, 40])).toBe(50)
    expect(lengthOf({ from: at(0, 0), to: at(1, 1) }, [30, 40], [0.5, 0.5])).toBe(25)
  })

  it('has a profile that is linear between pixel centres', () => {
    const { at: places, values } = profileOf(ramp, [10, 20], { from: at(0.1, 0.42), to: at(0.9, 0.42) })
    expect(places.at(-1)).toBeCloseTo(16, 9)
    for (const [i, place] of places.entries()) expect(values[i]).toBeCloseTo(2 + place, 5)
  })
})

describe('boxes of fastMRI+', () => {
  const table = [
    'file,slice,study_level,x,y,width,height,label',
    'file1000001,14,No,90,173,35,10,Cartilage - Partial Thickness loss/defect',
    'file1000001,,Yes,,,,,Artifact',
    'file1000002,9,No,1,2,3,4,Joint Effusion',
    'file1000001,16,No,32,0,64,32,"Bone, marrow"',
  ].join('\r\n')

  it('belong to one file and its slices, and are flipped to the image’s direction', () => {
    expect(fastmriPlusBoxes(table, 'file1000001.h5', [320, 320])).toEqual([
      {
        kind: 'rectangle',
        from: { x: 90 / 320, y: (320 - 183) / 320 },
        to: { x: 125 / 320, y: (320 - 173) / 320 },
        label: 'Cartilage - Partial Thickness loss/defect',
        slice: 14,
      },
      { kind: 'rectangle', from: { x: 0.1, y: 0.9 }, to: { x: 0.3, y: 1 }, label: 'Bone, marrow', slice: 16 },
    ])
  })

  it('are refused from a table with other columns', () => {
    expect(fastmriPlusBoxes('a,b\n1,2', 'file1000001.h5', [320, 320])).toEqual([])
    expect(fastmriPlusBoxes('', 'x', [1, 1])).toEqual([])
  })
})
