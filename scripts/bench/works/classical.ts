/** Coil maps and classical reconstructions of one slice of several coils, against SigPy and BART. */
import type { CoilLibrary } from '../computed.ts'
import { differenceOfMaximum, differenceOfNorm } from '../report.ts'
import type { Compared } from './compared.ts'

const SLICE = { coils: 15, size: [640, 372] } as const
const REPEATS = { warmUps: 0, iterations: 1, blocks: 3, gigabytes: 4 }

interface Library {
  readonly label: string
  readonly atMost: number
  readonly program?: Compared['program']
  /** BART has no db4. */
  readonly wavelet: 'db4' | 'haar'
  /** The largest difference of maps: of their maximum, or of their norm. */
  readonly maps: Pick<Compared['check'], 'difference' | 'atMost'>
  /** The largest difference of images with wavelets. */
  readonly wavelets: Pick<Compared['check'], 'difference' | 'atMost'>
}

const EQUAL = { difference: differenceOfMaximum, atMost: 1e-3 }

const LIBRARIES: Readonly<Record<CoilLibrary, Library>> = {
  sigpy: { label: 'SigPy', atMost: 0.6, wavelet: 'db4', maps: EQUAL, wavelets: EQUAL },
  bart: {
    label: 'BART',
    atMost: 1,
    program: ['bart', 'version'],
    wavelet: 'haar',
    // Where the two largest eigenvalues are near each other, BART's 30 iterations have not converged.
    maps: { difference: differenceOfNorm, atMost: 5e-3 },
    // BART has another number of levels, and treats borders of odd sizes in another way.
    wavelets: { difference: differenceOfNorm, atMost: 1e-2 },
  },
}

function worksAgainst(library: CoilLibrary): Compared[] {
  const { label, atMost, program, wavelet, maps, wavelets } = LIBRARIES[library]
  const work = (name: string, words: string) => ({
    name: `${name}-${library}`,
    label: `15 coils of 640 × 372, ${words} (${label})`,
    atMost,
    program,
    ...REPEATS,
  })
  const solved = { kind: 'classical', ...SLICE, library } as const
  return [
    {
      ...work('espirit', 'ESPIRiT maps, calibration area 24 × 24, kernel 6'),
      computed: { kind: 'maps', ...SLICE, library },
      check: { label: 'products of neighbouring maps', ...maps },
    },
    {
      ...work('cg-sense', 'CG-SENSE, 30 iterations'),
      computed: { ...solved, method: 'cg-sense', settings: { iterations: 30, lambda: 0.01 } },
      check: { label: 'image', ...EQUAL },
    },
    {
      ...work('l1-wavelet', `l1-wavelet (${wavelet}), FISTA, 60 iterations`),
      computed: {
        ...solved,
        method: 'l1-wavelet',
        settings: { iterations: 60, lambda: 0.003, wavelet, levels: 4 },
      },
      check: { label: 'image', ...wavelets },
    },
  ]
}

export const CLASSICAL: readonly Compared[] = [...worksAgainst('sigpy'), ...worksAgainst('bart')]
