/** MRD acquisitions in memory, for tests that need no file. */
import type { Hdf5File } from '../src/core/data/hdf5.ts'
import type { FileSource } from '../src/core/data/source.ts'

/** Members of an acquisition's head as the file names them, with `idx.slice` for `head.idx.slice`. */
export interface TestAcquisition {
  readonly head?: Readonly<Record<string, number | readonly number[]>>
  /** Numbers of flags. */
  readonly flags?: readonly number[]
  /** Per coil: samples as pairs of numbers. */
  readonly data: readonly (readonly number[])[]
  readonly trajectory?: readonly number[]
}

/** A file with a group `dataset`. */
export function mrdSource(xml: string, acquisitions: readonly TestAcquisition[], bytes = 1e6): FileSource {
  const file = {
    path: '/data/scan.mrd',
    datasets: [],
    groups: ['dataset'],
    shape: name => (name === 'dataset/data' ? [acquisitions.length] : name === 'dataset/xml' ? [1] : null),
    readText: name => (name === 'dataset/xml' ? xml : null),
    eachRecord(_, indices, use) {
      for (const [place, index] of Array.from(indices).entries()) use(recordOf(acquisitions[index]), place)
    },
    dispose() {},
  } satisfies Partial<Hdf5File> as Partial<Hdf5File> as Hdf5File
  return {
    path: file.path,
    name: 'scan.mrd',
    bytes,
    hdf5: () => file,
    read: () => new Uint8Array(),
    sibling: () => null,
    dispose() {},
  }
}

function recordOf({ head, flags = [], data, trajectory = [] }: TestAcquisition) {
  const samples = data[0].length / 2
  const stated: TestAcquisition['head'] = {
    number_of_samples: samples,
    active_channels: data.length,
    center_sample: Math.floor(samples / 2),
    read_dir: [1, 0, 0],
    phase_dir: [0, 1, 0],
    slice_dir: [0, 0, 1],
    ...head,
    flags: flags.reduce((sum, flag) => sum + 2 ** (flag - 1), 0),
  }
  return {
    number: (member: string, index = 0) => [stated[member.replace('head.', '')] ?? 0].flat()[index] ?? 0,
    floats: (member: string) => Float32Array.from(member === 'data' ? data.flat() : trajectory),
  }
}

type Three = readonly [number, number, number]

export interface TestHeader {
  readonly encoded: Three
  readonly recon?: Three
  readonly view?: Three
  readonly reconView?: Three
  readonly trajectory?: string
  /** [maximum, center] by counter. */
  readonly limits?: Readonly<Record<string, readonly [number, number]>>
  readonly before?: string
}

export function mrdHeader(...encodings: readonly TestHeader[]): string {
  const three = (name: string, [x, y, z]: Three) => `<${name}><x>${x}</x><y>${y}</y><z>${z}</z></${name}>`
  const space = (name: string, matrix: Three, view: Three) =>
    `<${name}>${three('matrixSize', matrix)}${three('fieldOfView_mm', view)}</${name}>`
  const each = encodings.map(({ encoded, recon = encoded, view = encoded, reconView, trajectory, limits = {} }) => {
    const stated = Object.entries(limits).map(
      ([name, [maximum, center]]) =>
        `<${name}><minimum>0</minimum><maximum>${maximum}</maximum><center>${center}</center></${name}>`,
    )
    const spaces = space('encodedSpace', encoded, view) + space('reconSpace', recon, reconView ?? recon)
    const path = `<trajectory>${trajectory ?? 'cartesian'}</trajectory>`
    return `<encoding>${spaces}${path}<encodingLimits>${stated.join('')}</encodingLimits></encoding>`
  })
  return `<ismrmrdHeader>${encodings[0].before ?? ''}${each.join('')}</ismrmrdHeader>`
}
