/** Works from file to image: one slice, and one volume. */
import type { Size } from '../computed.ts'
import { differenceOfEach, differenceOfMaximum } from '../report.ts'
import type { Compared } from './compared.ts'

export const SLICE: Compared = {
  name: 'slice',
  label: '640 × 372 slice, from disk to zero-filled 320 × 320',
  computed: { kind: 'slice', noise: null },
  atMost: { avx2: 0.7, avx512: 0.9 },
  warmUps: 5,
  iterations: 30,
  blocks: 10,
  check: { label: 'zero-filled image, of its maximum', difference: differenceOfMaximum, atMost: 1e-5 },
}

const sliceOf = (coils: number, size: Size): Compared => ({
  ...SLICE,
  name: `slice-${coils}-coils`,
  label: `${coils} coils of ${size.join(' × ')}, from disk to zero-filled 320 × 320`,
  computed: { kind: 'slice', noise: { coils, size, imageSize: [320, 320] } },
  atMost: 0.8,
  iterations: 10,
  check: { ...SLICE.check, label: 'zero-filled root sum of squares, of its maximum' },
})

export const SLICES_OF_COILS: readonly Compared[] = [sliceOf(15, [640, 372]), sliceOf(20, [320, 320])]

export const CFL: Compared = {
  ...SLICE,
  name: 'cfl',
  label: 'BART array of 20 slices, 15 coils of 640 × 372: one slice, from disk to the root sum of squares',
  computed: { kind: 'cfl', coils: 15, size: [640, 372], slices: 20 },
  atMost: 1,
  iterations: 10,
  check: { ...SLICE.check, label: 'root sum of squares, of its maximum' },
}

const LIBRARIES = { scipy: 'SciPy', torch: 'PyTorch' } as const

export const COILS = (['scipy', 'torch'] as const).map(
  (library): Compared => ({
    name: `coils-${library}`,
    label: `15 coils of 640 × 372, from masked k-space in memory to the root sum of squares (${LIBRARIES[library]})`,
    computed: { kind: 'coils', coils: 15, size: [640, 372], library },
    atMost: { avx2: 0.7, avx512: 0.9 },
    warmUps: 2,
    iterations: 10,
    blocks: 8,
    check: { label: 'image, of its maximum', difference: differenceOfMaximum, atMost: 1e-5 },
  }),
)

export const VOLUME: Compared = {
  name: 'volume',
  label: 'Synthetic volume, 35 slices of 640 × 372, reconstructed (U-Net-32) and scored',
  computed: { kind: 'volume', network: 'unet', networkConfig: { channels: 32, pools: 4 } },
  atMost: 0.65,
  warmUps: 0,
  iterations: 1,
  blocks: 3,
  check: { label: 'SSIM, PSNR, NMSE, each', difference: differenceOfEach, atMost: 1e-4 },
}
