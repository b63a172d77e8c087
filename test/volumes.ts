/** Small volumes in memory, for tests that need no file. */

import type { VolumeInfo } from '../src/contract/volumes.ts'
import type { VolumeSource } from '../src/core/data/slices.ts'
import type { Volume } from '../src/core/data/volume.ts'
import type { Pattern } from '../src/core/mri/pattern.ts'
import { RandomState } from '../src/core/mri/random.ts'

/** k-space of noise, strongest at the centre, and a ground truth of noise. `patient` is the seed. */
export function noiseVolume(
  patient: string,
  { slices = 2, coils = 1, rows = 40, columns = 36, mask = null as Pattern | null } = {},
): Volume {
  const samples = rows * columns
  const random = RandomState.fromKey(Array.from(patient, character => character.charCodeAt(0)))
  const kspace = Array.from({ length: slices }, () =>
    Float32Array.from({ length: coils * samples * 2 }, (_, i) => {
      const column = (i >> 1) % columns
      const row = Math.floor((i >> 1) / columns) % rows
      return (random.normal() * 1e-4) / (1 + 0.02 * ((column - columns / 2) ** 2 + (row - rows / 2) ** 2))
    }),
  )
  const truth = kspace.map(slice =>
    Float32Array.from({ length: samples }, (_, i) =>
      Math.hypot(
        ...Array.from({ length: coils }, (_, coil) => {
          const at = 2 * (coil * samples + i)
          return Math.hypot(slice[at], slice[at + 1])
        }),
      ),
    ),
  )
  const info: VolumeInfo = {
    path: `/${patient}.h5`,
    file: `${patient}.h5`,
    slices,
    rows,
    columns,
    coils,
    targetShape: [rows, columns],
    reconSize: null,
    acquisition: null,
    maximum: null,
    orientation: null,
    patient,
    sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 },
    origin: 'synthetic',
    noiseFree: false,
    bytes: 0,
  }
  return {
    info,
    mask: mask && (() => mask),
    readKspace: index => kspace[index].slice(),
    withKspace: (index, use) => use(kspace[index]),
    readTarget: index => truth[index].slice(),
    readNoiseFree: () => null,
    dispose() {},
  }
}

export const sourceOf = (volume: Volume): VolumeSource => ({ info: volume.info, open: async () => volume })

/** Copies values that a file lends only during a call. */
export const copy = (values: Float32Array): Float32Array => values.slice()
