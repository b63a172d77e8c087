/**
 * The acquisitions of an ISMRMRD/MRD 1 file: one readout of all coils each, with a head that says what was measured.
 * Source: ISMRMRD's `ismrmrd.h`; Inati et al., Magn. Reson. Med. 77, 411 (2017).
 */
import { AppError } from '../../../contract/errors.ts'
import type { Hdf5File, Hdf5Record } from '../hdf5.ts'
import type { FileSource } from '../source.ts'

export type Vector = [number, number, number]

/** The counters that make separate volumes. */
export const COUNTERS = ['contrast', 'phase', 'repetition', 'set'] as const
export type Counter = (typeof COUNTERS)[number]

export interface Acquisition extends Readonly<Record<Counter, number>> {
  /** Its place in the dataset. */
  readonly record: number
  readonly step: number
  /** Step of the second phase-encoding direction. */
  readonly partition: number
  readonly slice: number
  readonly samples: number
  readonly coils: number
  /** Samples that do not count, at the start and at the end of the readout. */
  readonly discarded: readonly [number, number]
  /** The sample at the centre of k-space. */
  readonly centre: number
  readonly isReversed: boolean
  readonly space: number
  readonly hasTrajectory: boolean
  /** µs between samples; 0 if unknown. */
  readonly dwell: number
  readonly position: Vector
  readonly directions: Readonly<Record<'read' | 'phase' | 'slice', Vector>>
}

export interface Acquisitions {
  /** Of `data` and `xml`, in the file. */
  readonly group: string
  readonly imaging: readonly Acquisition[]
  readonly noise: readonly Acquisition[]
  /** Numbers of acquisitions that are not used, by their kind in words. */
  readonly leftOut: ReadonlyMap<string, number>
}

/** Numbers of flags: flag n is bit n − 1. */
const FLAGS = { noise: 19, calibration: 20, calibrationAndImaging: 21, reversed: 22 } as const
const LEFT_OUT: readonly (readonly [flag: number, words: string])[] = [
  [FLAGS.calibration, 'calibration only'],
  [23, 'navigation'],
  [24, 'phase correction'],
  [26, 'feedback'],
  [27, 'dummy'],
  [28, 'feedback'],
  [29, 'surface coil correction'],
  [30, 'phase stabilisation'],
  [31, 'phase stabilisation'],
]

/** The group of the file with acquisitions. It is usually named `dataset`. `null`: none. */
export const groupOf = (file: Hdf5File): string | null =>
  file.groups.find(group => ['data', 'xml'].every(name => file.shape(`${group}/${name}`) !== null)) ?? null

/** Reads all heads. Throws if an acquisition contradicts itself. */
export function readAcquisitions(source: FileSource, group: string): Acquisitions {
  const file = source.hdf5()!
  const dataset = `${group}/data`
  const shape = file.shape(dataset)!
  if (shape.length !== 1 || shape[0] > source.bytes)
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected a list of at most ${source.bytes} acquisitions, one for each byte of the file, ` +
        `got [${shape.join(', ')}], in ${dataset} of ${source.path}. Convert the scanner's file again.`,
    )
  const imaging: Acquisition[] = []
  const noise: Acquisition[] = []
  const leftOut = new Map<string, number>()
  const all = Int32Array.from({ length: shape[0] }, (_, index) => index)
  file.eachRecord(dataset, all, (record, index) => {
    const flags = record.number('head.flags')
    const has = (flag: number) => Math.floor(flags / 2 ** (flag - 1)) % 2 === 1
    const acquisition = readHead(record, index, has(FLAGS.reversed))
    const kind = acquisition.samples === 0 ? 'without samples' : kindOf(has)
    if (kind !== 'imaging' && kind !== 'noise') {
      leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1)
      return
    }
    requireSamples(record, acquisition, source.path)
    ;(kind === 'noise' ? noise : imaging).push(acquisition)
  })
  return { group, imaging, noise, leftOut }
}

function kindOf(has: (flag: number) => boolean): string {
  if (has(FLAGS.noise)) return 'noise'
  const isCalibration = has(FLAGS.calibration) && !has(FLAGS.calibrationAndImaging)
  const found = LEFT_OUT.find(([flag]) => has(flag) && (flag !== FLAGS.calibration || isCalibration))
  return found?.[1] ?? 'imaging'
}

function readHead(record: Hdf5Record, index: number, isReversed: boolean): Acquisition {
  const head = (name: string) => record.number(`head.${name}`)
  const counter = (name: string) => record.number(`head.idx.${name}`)
  const vector = (name: string): Vector => {
    const at = (axis: number) => record.number(`head.${name}`, axis)
    return [at(0), at(1), at(2)]
  }
  return {
    record: index,
    step: counter('kspace_encode_step_1'),
    partition: counter('kspace_encode_step_2'),
    slice: counter('slice'),
    contrast: counter('contrast'),
    phase: counter('phase'),
    repetition: counter('repetition'),
    set: counter('set'),
    samples: head('number_of_samples'),
    coils: head('active_channels'),
    discarded: [head('discard_pre'), head('discard_post')],
    centre: head('center_sample'),
    isReversed,
    space: head('encoding_space_ref'),
    hasTrajectory: record.floats('traj').length > 0,
    dwell: head('sample_time_us'),
    position: vector('position'),
    directions: { read: vector('read_dir'), phase: vector('phase_dir'), slice: vector('slice_dir') },
  }
}

function requireSamples(record: Hdf5Record, { samples, coils, record: index, discarded }: Acquisition, path: string) {
  const [expected, got] = [2 * samples * coils, record.floats('data').length]
  const discards = discarded[0] + discarded[1]
  if (coils > 0 && expected === got && discards < samples) return
  throw new AppError(
    'FILE_UNREADABLE',
    `Expected ${coils} coils of ${samples} complex samples (${expected} numbers), of which fewer are discarded, ` +
      `got ${got} numbers and ${discards} discarded samples, in acquisition ${index + 1} of ${path}. ` +
      `Convert the scanner's file again.`,
  )
}
