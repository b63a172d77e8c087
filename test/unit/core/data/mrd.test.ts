import { describe, expect, it } from 'vitest'
import { mrd } from '../../../../src/core/data/formats/mrd.ts'
import { mrdHeader, mrdSource, type TestAcquisition, type TestHeader } from '../../../mrd.ts'

const ROWS = 4
const COLUMNS = 6
const CARTESIAN: TestHeader = { encoded: [ROWS, COLUMNS, 1], view: [8, 12, 5], reconView: [8, 12, 5] }

/** A readout of one coil whose samples are value, value + 1, … */
const readout = (value: number, samples = ROWS) => Array.from({ length: 2 * samples }, (_, i) => value + (i >> 1))

const line = (
  step: number,
  value: number,
  head: TestAcquisition['head'] = {},
  more: Partial<TestAcquisition> = {},
): TestAcquisition => ({ head: { 'idx.kspace_encode_step_1': step, ...head }, data: [readout(value)], ...more })

const lines = (head: TestAcquisition['head'], value = 1) =>
  Array.from({ length: COLUMNS }, (_, step) => line(step, value + 10 * step, head))

function read(header: TestHeader | string, acquisitions: readonly TestAcquisition[], part: string | null = null) {
  const source = mrdSource(typeof header === 'string' ? header : mrdHeader(header), acquisitions)
  const stored = mrd.read(source, part)
  const { columns } = stored.matrix
  /** Real parts of a column. */
  const column = (at: number, slice = 0) =>
    stored.kspace.withSlice(slice, values =>
      Array.from({ length: stored.matrix.rows }, (_, row) => values[2 * (row * columns + at)]),
    )
  return { ...stored, parts: mrd.parts!(source), column }
}

describe('an MRD file', () => {
  it('puts the centre step on the centre column', () => {
    const header = { ...CARTESIAN, limits: { kspace_encoding_step_1: [4, 2] as const } }
    const { column, facts } = read(header, [line(2, 5), line(0, 7)])
    expect([0, 1, 2, 3].map(at => column(at)[0])).toEqual([0, 7, 0, 5])
    expect(facts.padding).toEqual([1, 6])
    expect(() => read(header, [line(5, 1)])).toThrow('got step 5 in acquisition 1')
  })

  it('averages the acquisitions of a line, of any segment', () => {
    const { column, remarks } = read(CARTESIAN, [
      line(0, 2),
      line(0, 6, { 'idx.average': 1 }),
      line(1, 3),
      line(1, 5, { 'idx.segment': 1 }),
    ])
    expect([column(0)[0], column(1)[0]]).toEqual([4, 4])
    expect(remarks).toContain('Up to 2 acquisitions of a line were averaged.')
  })

  it('obeys flags: what is no image is left out, and calibration for images is used', () => {
    const flagged = [19, 20, 23, 24, 26, 27, 28, 29, 30, 31].map(flag => line(1, 9, {}, { flags: [flag] }))
    const { column } = read(CARTESIAN, [line(0, 1), ...flagged, line(2, 3, {}, { flags: [20, 21] })])
    expect([0, 1, 2].map(at => column(at)[0])).toEqual([1, 0, 3])
    expect(() => read(CARTESIAN, flagged.slice(0, 3))).toThrow(
      'got 1 of noise, 1 of the kind "calibration only", 1 of the kind "navigation"',
    )
  })

  it('turns reversed readouts', () => {
    expect(read(CARTESIAN, [line(0, 1, {}, { flags: [22] })]).column(0)).toEqual([4, 3, 2, 1])
  })

  it('places a partial echo by its centre, without discarded samples', () => {
    const partial = (head: TestAcquisition['head'], flags: readonly number[] = []) =>
      read(CARTESIAN, [{ head, flags, data: [readout(1, 3)] }]).column(0)
    expect(partial({ center_sample: 1 })).toEqual([0, 1, 2, 3])
    expect(partial({ center_sample: 1 }, [22])).toEqual([0, 3, 2, 1])
    expect(partial({ center_sample: 1, discard_pre: 1 })).toEqual([0, 0, 2, 3])
    expect(partial({ center_sample: 1, discard_post: 1 })).toEqual([0, 1, 2, 0])
    expect(() => partial({ center_sample: 0 })).toThrow('got 3 samples with the centre on 0, in acquisition 1')
  })

  it('makes volumes of the counters that vary', () => {
    const acquisitions = [0, 1].flatMap(contrast =>
      [0, 2].flatMap(repetition =>
        lines({ 'idx.contrast': contrast, 'idx.repetition': repetition, 'idx.phase': 3 }, 100 * contrast + repetition),
      ),
    )
    const { parts } = read(CARTESIAN, acquisitions, 'contrast-1,repetition-1')
    expect(parts).toEqual([1, 2].flatMap(c => [1, 3].map(r => `contrast-${c},repetition-${r}`)))
    expect(read(CARTESIAN, acquisitions, 'contrast-2,repetition-3').column(0)[0]).toBe(102)
  })

  it('sorts interleaved slices by their places along the normal', () => {
    const at = (slice: number, place: number) =>
      lines({ 'idx.slice': slice, position: [0, 0, -place], slice_dir: [0, 0, -1] }, 100 * slice)
    const { kspace, column, facts } = read(CARTESIAN, [...at(0, 0), ...at(1, 20), ...at(2, 10), ...at(3, 30)])
    expect([0, 1, 2, 3].map(slice => column(0, slice)[0])).toEqual([0, 200, 100, 300])
    expect(kspace.unwritten()).toEqual(new Set())
    expect(facts.geometry).toEqual({
      right: [0, 1, 0],
      down: [1, 0, 0],
      origins: [0, 10, 20, 30].map(place => [0, 0, -place]),
    })
  })

  it.each([
    ['in the middle, by its number', [0, 1, 3], [0, 10, 30], 2],
    ['at the end, by the header', [0, 1, 2], [0, 10, 20], 3],
    ['at the start, by the header', [1, 2, 3], [10, 20, 30], 0],
    ['between interleaved slices, by the gap', [0, 1, 2], [0, 30, 10], 2],
  ])('names a slice that is missing %s', (_, slices, places, missing) => {
    const header = { ...CARTESIAN, limits: { slice: [3, 0] as const } }
    const acquisitions = slices.flatMap((slice, i) => lines({ 'idx.slice': slice, position: [0, 0, places[i]] }))
    const { kspace, remarks, facts } = read(header, acquisitions)
    expect(kspace.shape).toEqual([4, ROWS, COLUMNS])
    expect(kspace.unwritten()).toEqual(new Set([missing]))
    expect(remarks).toContain(`Slices that the file lacks, whole or in part: ${missing + 1}.`)
    expect(facts.geometry).toBeUndefined()
  })

  it('names a slice that the scan did not finish', () => {
    const acquisitions = [0, 1, 2].flatMap(slice => lines({ 'idx.slice': slice })).slice(0, -2)
    expect(read(CARTESIAN, acquisitions).kspace.unwritten()).toEqual(new Set([2]))
  })

  it('keeps slices of which each has a pattern of its own', () => {
    const slice = (n: number, steps: readonly number[]) => steps.map(step => line(step, 1, { 'idx.slice': n }))
    const { kspace } = read(CARTESIAN, [...slice(0, [0, 1, 3]), ...slice(1, [0, 2, 3]), ...slice(2, [1, 3, 4])])
    expect(kspace.unwritten()).toEqual(new Set())
  })

  it('transforms a fully sampled slab into slices', () => {
    const header: TestHeader = {
      encoded: [ROWS, COLUMNS, 4],
      recon: [ROWS, COLUMNS, 2],
      view: [8, 12, 20],
      reconView: [8, 12, 10],
      limits: { kspace_encoding_step_2: [3, 2] },
    }
    const depth = [0, 1, 2, 3]
    const slab = (partitions: readonly number[]) =>
      partitions.flatMap(partition => lines({ 'idx.kspace_encode_step_2': partition }, partition === 2 ? 8 : 0))
    // Partition 2 is the centre: 8 there adds 8 / √4 to each slice. The other values are equal in all partitions.
    const { kspace, column, facts } = read(header, slab(depth))
    expect(kspace.shape).toEqual([2, ROWS, COLUMNS])
    expect(column(0, 0)[0]).toBeCloseTo(8 / 2)
    // Values that do not depend on the partition lie in the middle slice: number 1 of 2.
    expect(column(1, 0)[0] - column(0, 0)[0]).toBeCloseTo(0)
    expect(column(1, 1)[0] - column(0, 1)[0]).toBeCloseTo((4 * 10) / 2)
    expect(facts.geometry!.origins).toEqual([
      [0, 0, -5],
      [0, 0, 0],
    ])
    expect(() => read(header, slab([0, 1, 3]))).toThrow('got 3 partitions of column 1')
  })

  it('refuses what is not Cartesian, and reads what only declares it', () => {
    const radial = { ...CARTESIAN, trajectory: 'radial' }
    expect(() => read(radial, [line(0, 1, {}, { trajectory: [0.5, 0.5] })])).toThrow('got the trajectory "radial"')
    expect(read(radial, [line(0, 1)]).remarks[0]).toContain('The header declares the trajectory "radial"')
  })

  it('uses the encoding space of the images, and refuses images of two', () => {
    const calibration = { ...CARTESIAN, encoded: [ROWS, 3, 1] as const }
    const header = mrdHeader(calibration, CARTESIAN)
    const calibrations = [line(0, 1, { encoding_space_ref: 0 }, { flags: [20] })]
    const images = lines({ encoding_space_ref: 1 })
    expect(read(header, [...calibrations, ...images]).matrix.columns).toBe(COLUMNS)
    expect(() => read(header, [line(0, 1), ...images])).toThrow('got acquisitions of the spaces 0, 1')
  })

  it('refuses a header that contradicts the data', () => {
    expect(() => read('<other/>', lines({}))).toThrow('Expected an ISMRMRD header in dataset/xml')
    expect(() => read({ encoded: [1e5, 1e5, 1] }, lines({}))).toThrow('1 coils of 100000 × 100000 × 1 samples')
    expect(() => read({ encoded: [2, COLUMNS, 1] }, lines({}))).toThrow('Expected readouts that fit 2 samples')
    expect(() => read(CARTESIAN, [line(0, 1), { data: [readout(1), readout(2)] }])).toThrow('got 2 in acquisition 2')
    expect(() => read(CARTESIAN, [line(0, 1, { active_channels: 2 })])).toThrow('got 8 numbers')
    expect(() => read(CARTESIAN, [line(0, 1, { discard_pre: 4 })])).toThrow('4 discarded samples')
    expect(() => mrd.read(mrdSource(mrdHeader(CARTESIAN), lines({}), 5), null)).toThrow('at most 5 acquisitions')
  })

  it('takes the protocol as the name of the acquisition, and the patient id', () => {
    const before =
      '<subjectInformation><patientID>p1</patientID></subjectInformation>' +
      '<measurementInformation><protocolName>t2_tse</protocolName></measurementInformation>'
    const { facts } = read({ ...CARTESIAN, before }, lines({}))
    expect(facts).toMatchObject({ acquisition: 't2_tse', patientId: 'p1', voxelSize: [2, 2, 5], origin: 'measured' })
  })
})
