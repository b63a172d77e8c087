/** Judgement of sampling. The tests mask full k-space with a pattern, and this pattern is the right answer. */
import { describe, expect, it } from 'vitest'
import { faultOfImage, type Judgement, surveyKspace } from '../../../../src/core/data/sampling.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { halfPrecision, kspaceOf, radial, randomLines, roundTrip, type Scan, sampled } from '../../../kspace.ts'

type Size = Pick<Scan, 'rows' | 'columns'>

function judge(slices: readonly Float32Array[], { rows, columns }: Size, stored: Uint8Array | null = null): Judgement {
  const survey = surveyKspace({ coils: slices[0].length / (2 * rows * columns), rows, columns }, stored)
  for (const [slice, kspace] of slices.entries()) expect(survey.add(kspace, slice)).toBeNull()
  return survey.judge()
}

const SIZES: readonly Size[] = [
  { rows: 64, columns: 48 },
  { rows: 37, columns: 51 },
  { rows: 16, columns: 16 },
]
/** No noise, the noise of a usual scan, and almost only noise. */
const NOISES = [0, 0.01, 1]
const scans: readonly Scan[] = SIZES.flatMap(size =>
  NOISES.map((noise, i) => ({ ...size, noise, seed: 100 * (i + 1) })),
)
const volume = (scan: Scan, slices = 3) =>
  Array.from({ length: slices }, (_, slice) => kspaceOf({ ...scan, seed: scan.seed + slice }))

/** Values in unmeasured samples: zeros, or the rounding errors of a filter or a crop in the image. */
const STORED = [
  ['zeros', (kspace: Float32Array) => kspace],
  ['rounding errors of float32', (kspace: Float32Array, scan: Scan) => roundTrip(kspace, scan)],
  ['rounding errors of float16', (kspace: Float32Array, scan: Scan) => roundTrip(kspace, scan, halfPrecision)],
] as const

const FULL = { kind: 'full', zeroPadding: 0 }
const inWords = ({ rows, columns, noise }: Scan) => `${rows} × ${columns}, noise ${noise}`

describe.each(scans.map(scan => [inWords(scan), scan] as const))('k-space of %s', (_, scan) => {
  const { rows, columns } = scan
  const whole = volume(scan)

  it('is full if every sample was measured, of one slice or several, at any scale', () => {
    expect(judge(whole, scan).sampling).toMatchObject(FULL)
    expect(judge(whole.slice(1, 2), scan).sampling).toMatchObject(FULL)
    for (const scale of [1e-18, 1e18])
      expect(judge(volume({ ...scan, scale }), scan).sampling, String(scale)).toMatchObject(FULL)
  })

  it.each(STORED)('is full after a round trip that leaves %s', (_, store) => {
    expect(
      judge(
        whole.map(kspace => store(kspace, scan)),
        scan,
      ).sampling.kind,
    ).toBe('full')
  })

  it.each(STORED)('is sub-sampled by the columns that were measured in all slices, beside %s', (_, store) => {
    for (const acceleration of [2, 4, 8]) {
      const lines = randomLines(columns, acceleration, scan.seed + acceleration)
      lines[0] = lines[columns - 1] = true
      const stored = whole.map(kspace =>
        store(
          sampled(kspace, columns, (_, column) => lines[column]),
          scan,
        ),
      )
      const { sampling, mask } = judge(stored, scan)
      const measured = lines.filter(Boolean).length
      const expected = { kind: 'sub-sampled', evidence: 'empty columns', measuredColumns: measured }
      expect(sampling).toEqual({ ...expected, acceleration: columns / measured })
      expect(Array.from(mask!, Boolean)).toEqual(lines)
    }
  })

  it.each(STORED)('is irregular if rows were left out, beside %s', (_, store) => {
    const lines = randomLines(rows, 3, scan.seed)
    lines[0] = true
    lines[2] = false
    const stored = whole.map(kspace =>
      store(
        sampled(kspace, columns, row => lines[row]),
        scan,
      ),
    )
    const { sampling, mask, remarks } = judge(stored, scan)
    expect(sampling).toEqual({ kind: 'irregular', pattern: 'rows', acceleration: rows / lines.filter(Boolean).length })
    expect(mask).toBeNull()
    expect(remarks.join()).toContain(`of ${rows} rows of k-space are empty`)
  })

  it.each(STORED)('is irregular if points were left out, beside %s', (floor, store) => {
    const random = RandomState.fromSeed(scan.seed)
    const grid = Uint8Array.from({ length: rows * columns }, () => Number(random.uniform() < 0.3))
    const drawn = (row: number, column: number) => grid[row * columns + column] === 1
    for (const measured of [drawn, radial(scan, Math.round(Math.min(rows, columns) / 4))]) {
      const { sampling } = judge(
        whole.map(kspace => store(sampled(kspace, columns, measured), scan)),
        scan,
      )
      let count = 0
      for (let i = 0; i < rows * columns; i++) count += Number(measured(Math.floor(i / columns), i % columns))
      expect(sampling).toMatchObject({ kind: 'irregular', pattern: 'points' })
      const { acceleration } = sampling as Extract<typeof sampling, { kind: 'irregular' }>
      // A few measured samples are as small as the floor, and a few rounding errors of float16 are above the floor.
      const error = Math.abs(acceleration / ((rows * columns) / count) - 1)
      expect(error).toBeLessThan(floor.includes('float16') ? 0.05 : 0.005)
    }
  })

  it.each(STORED)(
    'is irregular if slices differ in their columns, or if only some slices lack columns, beside %s',
    (_, store) => {
      const masks = whole.map((_, slice) => {
        const lines = randomLines(columns, 3, scan.seed + slice)
        lines[0] = lines[columns - 1] = true
        lines[slice + 1] = false
        lines[((slice + 1) % 3) + 1] = true
        return lines
      })
      const masked = whole.map((kspace, i) =>
        store(
          sampled(kspace, columns, (_, column) => masks[i][column]),
          scan,
        ),
      )
      const measured = masks.flat().filter(Boolean).length
      const expected = { kind: 'irregular', pattern: 'each slice differs' }
      expect(judge(masked, scan).sampling).toEqual({ ...expected, acceleration: (3 * columns) / measured })
      // Only the middle slice has all columns. A quick look reads the middle slice only.
      expect(judge([masked[0], whole[1], masked[0]], scan).sampling).toMatchObject(expected)
    },
  )

  it.each(STORED)(
    'is full with empty lines at the edges: zero padding, partial Fourier, partial readout; beside %s',
    (_, store) => {
      const [across, down] = [Math.round(columns / 8), Math.round(rows / 8)]
      const patterns = [
        (_: number, column: number) => column >= across && column < columns - across,
        (_: number, column: number) => column >= 2 * across,
        (row: number) => row >= 2 * down,
        (row: number, column: number) => row >= down && row < rows - down && column >= across,
        // Three-dimensional scans often omit the corners.
        (row: number, column: number) =>
          (row - rows / 2) ** 2 / (rows / 2) ** 2 + (column - columns / 2) ** 2 / (columns / 2) ** 2 < 1,
      ]
      for (const measured of patterns)
        expect(
          judge(
            whole.map(kspace => store(sampled(kspace, columns, measured), scan)),
            scan,
          ).sampling.kind,
        ).toBe('full')
    },
  )
})

describe('the sampling of full k-space', () => {
  const scan = { rows: 64, columns: 48, noise: 0.01, seed: 7 }

  it('counts empty columns at the edges, and nearly empty ones, over all slices', () => {
    const [whole] = volume(scan, 1)
    const padded = sampled(whole, 48, (_, column) => column >= 2 && column < 45)
    const weak = padded.map((value, i) => ((i >> 1) % 48 === 2 ? value * 1e-3 : value))
    const { sampling } = judge([weak, weak], scan)
    expect(sampling).toMatchObject({ kind: 'full', zeroPadding: 5 })
    const energies = Array.from({ length: 43 }, (_, column) => {
      let energy = 0
      for (let row = 0; row < 64; row++) {
        const at = 2 * (row * 48 + column + 2)
        energy += weak[at] ** 2 + weak[at + 1] ** 2
      }
      return energy
    })
    const median = energies.toSorted((a, b) => a - b)[21]
    const nearlyEmpty = energies.filter(energy => energy < 0.05 * median).length
    expect(nearlyEmpty).toBeGreaterThan(0)
    expect(sampling).toMatchObject({ nearlyEmptyColumns: nearlyEmpty })
  })

  it('explains empty rows at the edges', () => {
    const { remarks } = judge(
      volume(scan).map(kspace => sampled(kspace, 48, row => row >= 4 && row < 62)),
      scan,
    )
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toContain('The first 4 and the last 2 of 64 rows')
  })

  it('explains empty columns at one edge, and says nothing of empty columns at both edges', () => {
    const after = (first: number, last: number) =>
      judge(
        volume(scan).map(kspace => sampled(kspace, 48, (_, column) => column >= first && column <= last)),
        scan,
      )
    expect(after(6, 40).remarks).toEqual([])
    for (const [first, last] of [
      [12, 47],
      [0, 39],
    ]) {
      const { sampling, remarks } = after(first, last)
      expect(sampling.kind).toBe('full')
      expect(remarks).toHaveLength(1)
      expect(remarks[0]).toContain(`The first ${first} and the last ${47 - last} of 48 columns`)
    }
  })

  it('explains empty corners', () => {
    const inEllipse = (row: number, column: number) => ((row - 32) / 32) ** 2 + ((column - 24) / 24) ** 2 < 0.99
    const { sampling, remarks } = judge(
      volume(scan).map(kspace => sampled(kspace, 48, inEllipse)),
      scan,
    )
    expect(sampling.kind).toBe('full')
    expect(remarks.filter(remark => remark.includes('corners of k-space'))).toHaveLength(1)
    expect(judge(volume(scan), scan).remarks).toEqual([])
  })

  it('is irregular if slices were measured from or to another line', () => {
    const [first, second, third] = volume(scan)
    const half = sampled(second, 48, row => row < 32)
    const low = sampled(second, 48, (_, column) => column >= 12 && column < 36)
    for (const other of [half, low])
      expect(judge([first, other, third], scan).sampling).toMatchObject({
        kind: 'irregular',
        pattern: 'each slice differs',
      })
  })

  it('counts columns as measured that coarse numbers leave empty, and finds columns that were not measured', () => {
    // Four of the first eight columns hold one sample of the smallest number.
    const coarse = volume(scan).map(kspace => {
      const unit = Math.max(...kspace.map(Math.abs)) / 127
      return kspace.map((value, i) => {
        const [row, column] = [Math.floor((i >> 1) / 48), (i >> 1) % 48]
        if (column >= 8) return Math.round(value / unit) * unit
        return column % 2 === 0 && row === column && i % 2 === 0 ? unit : 0
      })
    })
    expect(judge(coarse, scan).sampling.kind).toBe('full')
    const fewer = coarse.map(kspace => sampled(kspace, 48, (_, column) => column !== 22 && column !== 26))
    expect(judge(fewer, scan).sampling).toMatchObject({ kind: 'sub-sampled', measuredColumns: 46 })
  })

  it('counts zeros from coarse numbers as measured', () => {
    for (const share of [0.6, 1, 2]) {
      const quantised = volume({ ...scan, noise: 0.1 }).map(kspace => {
        const unit = kspace.map(Math.abs).sort()[kspace.length >> 1] / share
        return kspace.map(value => Math.round(value / unit) * unit)
      })
      expect(quantised[0].filter(value => value === 0).length).toBeGreaterThan(0)
      expect(judge(quantised, scan).sampling.kind).toBe('full')
    }
  })
})

describe('a dataset mask', () => {
  const scan = { rows: 40, columns: 32, noise: 0.02, seed: 3 }
  const whole = volume(scan)
  const lines = randomLines(32, 3, 1).map((line, column) => line || column === 0 || column === 31)
  const stored = Uint8Array.from(lines, Number)
  const masked = whole.map(kspace => sampled(kspace, 32, (_, column) => lines[column]))
  const measuredColumns = lines.filter(Boolean).length

  it('decides, without a remark if k-space agrees', () => {
    expect(judge(masked, scan, stored)).toEqual({
      sampling: { kind: 'sub-sampled', evidence: 'mask dataset', measuredColumns, acceleration: 32 / measuredColumns },
      mask: stored,
      remarks: [],
    })
  })

  it('of ones leaves the judgement to k-space', () => {
    const ones = new Uint8Array(32).fill(1)
    expect(judge(masked, scan, ones).sampling).toMatchObject({ evidence: 'empty columns', measuredColumns })
    expect(judge(whole, scan, ones).sampling.kind).toBe('full')
  })

  it('decides if k-space holds more columns, with a remark', () => {
    const { sampling, mask, remarks } = judge(whole, scan, stored)
    expect(sampling).toMatchObject({ evidence: 'mask dataset', measuredColumns })
    expect(mask).toEqual(stored)
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toContain(`${32 - measuredColumns} columns that the dataset mask calls not measured hold`)
  })

  it('is narrowed to the columns that k-space holds, with a remark', () => {
    const column = lines.findIndex((line, i) => line && i > 0)
    const less = masked.map(kspace => sampled(kspace, 32, (_, i) => i !== column))
    const { sampling, mask, remarks } = judge(less, scan, stored)
    expect(sampling).toMatchObject({ evidence: 'mask dataset', measuredColumns: measuredColumns - 1 })
    expect(mask![column]).toBe(0)
    expect(remarks.join()).toContain('calls 1 columns measured that are empty')
  })

  it('does not decide if the columns of k-space differ between slices', () => {
    const other = sampled(whole[1], 32, (_, column) => column % 2 === 0)
    const { sampling, mask, remarks } = judge([masked[0], other, masked[2]], scan, stored)
    expect(sampling).toMatchObject({ kind: 'irregular', pattern: 'each slice differs' })
    expect(mask).toBeNull()
    expect(remarks.join()).toContain('The dataset mask is not used')
  })
})

describe('k-space whose centre is not in the middle', () => {
  const scan = { rows: 40, columns: 33, noise: 0.02, seed: 5 }
  const [kspace] = volume(scan, 1)
  const shifted = (down: number, right: number) =>
    kspace.map((_, i) => {
      const [row, column] = [Math.floor((i >> 1) / 33), (i >> 1) % 33]
      return kspace[2 * (((row + down) % 40) * 33 + ((column + right) % 33)) + (i & 1)]
    })

  it('gets a remark with its evidence; centred k-space and noise get none', () => {
    expect(judge([kspace], scan).remarks).toEqual([])
    expect(judge([kspaceOf({ ...scan, noise: 100 })], scan).remarks).toEqual([])
    const [corner] = judge([shifted(20, 16)], scan).remarks
    expect(corner).toMatch(/in the corner: \d+ % .* outer half of the rows, \d+ % .* outer half of the columns/)
    const [edge] = judge([shifted(0, 16)], scan).remarks
    expect(edge).toMatch(/at the edge of the columns: \d+ % /)
  })
})

describe('faults', () => {
  const scan = { rows: 20, columns: 18, noise: 0.02, seed: 9 }
  const [first, second, third] = volume(scan)

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('of a slice with %s', bad => {
    for (const at of [0, 301, first.length - 1]) {
      const survey = surveyKspace({ coils: 1, rows: 20, columns: 18 }, null)
      const broken = second.slice()
      broken[at] = bad
      expect(survey.add(first, 0)).toBeNull()
      expect(survey.add(broken, 1)).toEqual({ fault: 'not finite' })
      expect(survey.add(third, 2)).toBeNull()
      expect(survey.judge()).toEqual(judge([first, third], scan))
    }
  })

  it('of a slice of zeros, which is left out of the judgement', () => {
    const survey = surveyKspace({ coils: 1, rows: 20, columns: 18 }, null)
    expect(survey.add(first, 0)).toBeNull()
    expect(
      survey.add(
        second.map(() => -0),
        1,
      ),
    ).toEqual({ fault: 'all zero' })
    expect(survey.judge()).toEqual(judge([first], scan))
  })

  it('of images', () => {
    expect(faultOfImage(Float32Array.of(0, 0, 1e-30))).toBeNull()
    expect(faultOfImage(new Float32Array(5))).toBe('all zero')
    expect(faultOfImage(Float32Array.of(1, Number.NaN, 1))).toBe('not finite')
    expect(faultOfImage(Float32Array.of(0, 0, Number.NEGATIVE_INFINITY))).toBe('not finite')
  })
})

describe('k-space of several coils', () => {
  const COILS = 5
  const scan = { rows: 64, columns: 48, noise: 0.01, seed: 70 }
  const size = 2 * scan.rows * scan.columns
  type Measured = (row: number, column: number, coil: number) => boolean
  const join = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap(part => Array.from(part)))
  /** Each coil sees another object, four times weaker than the coil before. */
  const coilsOf = (measured: Measured, store: (kspace: Float32Array, scan: Scan) => Float32Array = STORED[0][1]) =>
    [0, 1, 2].map(slice =>
      join(
        Array.from({ length: COILS }, (_, coil) => {
          const own = kspaceOf({ ...scan, seed: scan.seed + 10 * coil + slice, scale: 4 ** -coil })
          return store(
            sampled(own, scan.columns, (row, column) => measured(row, column, coil)),
            scan,
          )
        }),
      ),
    )
  const whole = coilsOf(() => true)
  const withCoil = (slice: number, coil: number, change: (value: number) => number) =>
    whole.map((kspace, i) =>
      i === slice || slice < 0
        ? kspace.map((value, at) => (Math.floor(at / size) === coil ? change(value) : value))
        : kspace,
    )

  it.each(STORED)('is judged as one coil is, beside %s', (_, store) => {
    expect(
      judge(
        coilsOf(() => true, store),
        scan,
      ),
    ).toMatchObject({ sampling: FULL, remarks: [] })
    const lines = randomLines(scan.columns, 4, 5)
    lines[0] = lines[scan.columns - 1] = true
    const columns = judge(
      coilsOf((_, column) => lines[column], store),
      scan,
    )
    expect(columns.sampling).toMatchObject({ kind: 'sub-sampled', measuredColumns: lines.filter(Boolean).length })
    expect(Array.from(columns.mask!, Boolean)).toEqual(lines)
    const spokes = radial(scan, 16)
    const points = judge(coilsOf(spokes, store), scan).sampling
    expect(points).toMatchObject({ kind: 'irregular', pattern: 'points' })
    let measured = 0
    for (let i = 0; i < size / 2; i++) measured += Number(spokes(Math.floor(i / scan.columns), i % scan.columns))
    expect((points as { acceleration: number }).acceleration / (size / 2 / measured)).toBeCloseTo(1, 1)
  })

  it('was measured where any coil has signal', () => {
    expect(
      judge(
        coilsOf((_, column, coil) => column % COILS === coil),
        scan,
      ).sampling,
    ).toMatchObject(FULL)
    const half = judge(
      coilsOf((_, column, coil) => column % 2 === 0 && coil === 4),
      scan,
    )
    expect(half.sampling).toMatchObject({ kind: 'sub-sampled', measuredColumns: 24 })
  })

  it('names coils without signal, and judges the other coils', () => {
    const expected = judge(whole, scan)
    for (const change of [() => 0, (value: number) => 1e-9 * value]) {
      const { remarks, ...judged } = judge(withCoil(-1, 2, change), scan)
      expect(judged.sampling).toEqual(expected.sampling)
      expect(remarks).toHaveLength(1)
      expect(remarks[0]).toMatch(/^No signal in coil 3 of 5\. .*maps leave.*export the file again/)
    }
    // The weakest coil has 1/65536 of the energy of the strongest coil, and noise is signal.
    expect(expected.remarks).toEqual([])
  })

  it('names coils that have signal in some slices only', () => {
    const { sampling, remarks } = judge(
      withCoil(1, 4, () => 0),
      scan,
    )
    expect(sampling).toMatchObject(FULL)
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toMatch(/coils change between slices: no signal in coil 5 \(slice 2\)\. .*Export the file again/)
  })

  it('has a fault that names the coils with numbers that are not finite', () => {
    const survey = surveyKspace({ coils: COILS, rows: scan.rows, columns: scan.columns }, null)
    const broken = whole[1].slice()
    broken[size + 7] = Number.NaN
    broken[4 * size - 1] = Number.NEGATIVE_INFINITY
    expect(survey.add(broken, 0)).toEqual({ fault: 'not finite', coils: [1, 3] })
    expect(survey.add(new Float32Array(COILS * size), 1)).toEqual({ fault: 'all zero' })
    expect(survey.add(whole[2], 2)).toBeNull()
    expect(survey.judge()).toEqual(judge([whole[2]], scan))
  })
})
