/** Coil maps and classical reconstructions of one slice of several coils, against SigPy. */
import { differenceOfMaximum } from '../report.ts'
import type { Compared } from './compared.ts'

const SLICE = { kind: 'classical', coils: 15, size: [640, 372] } as const
const REPEATS = { atMost: 0.6, warmUps: 0, iterations: 1, blocks: 3, gigabytes: 4 }

export const CLASSICAL: readonly Compared[] = [
  {
    name: 'espirit',
    label: '15 coils of 640 × 372, ESPIRiT maps, calibration area 24 × 24, kernel 6',
    computed: { kind: 'maps', coils: SLICE.coils, size: SLICE.size },
    ...REPEATS,
    check: { label: 'products of neighbouring maps, of their maximum', difference: differenceOfMaximum, atMost: 1e-3 },
  },
  {
    name: 'cg-sense',
    label: '15 coils of 640 × 372, CG-SENSE, 30 iterations',
    computed: { ...SLICE, method: 'cg-sense', settings: { iterations: 30, lambda: 0.01 } },
    ...REPEATS,
    check: { label: 'image, of its maximum', difference: differenceOfMaximum, atMost: 1e-3 },
  },
  {
    name: 'l1-wavelet',
    label: '15 coils of 640 × 372, l1-wavelet (db4), FISTA, 60 iterations',
    computed: {
      ...SLICE,
      method: 'l1-wavelet',
      settings: { iterations: 60, lambda: 0.003, wavelet: 'db4', levels: 4 },
    },
    ...REPEATS,
    check: { label: 'image, of its maximum', difference: differenceOfMaximum, atMost: 1e-3 },
  },
]
