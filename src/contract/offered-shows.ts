/** Which shows a source offers of a volume, and why it does not offer the others. */
import { needsCoils, type Show } from './images.ts'
import { givesKspace } from './networks.ts'
import type { RunView } from './runs.ts'
import { isMeasuredSo, type VolumeInfo } from './volumes.ts'

/** An error map is made of an image and the ground truth. */
type Shown = Show | 'error'

export interface Offer {
  /** See `FrameSource`. */
  readonly source: string
  readonly run: Pick<RunView, 'gives' | 'cascades' | 'arbitraryUnits'> | null
  readonly volume: Pick<VolumeInfo, 'coils' | 'targetShape' | 'sampling'>
}

const ARBITRARY = 'The image is in arbitrary units.'
const MEASURED = 'Of measured k-space only.'

/** A reason for each show that does not apply to every source. `null`: the source offers it. */
const REASONS: Readonly<Partial<Record<Shown, (offer: Offer) => string | null>>> = {
  error: ofTruth,
  ssim: ofTruth,
  phase: ({ source, run }) =>
    isMeasured(source) || givesKspace(run?.gives ?? []) ? null : 'A magnitude has no phase.',
  residual: ({ run }) => (run?.arbitraryUnits ? ARBITRARY : null),
  mean: overMasks,
  spread: overMasks,
  cascade: ({ run }) => (run && run.cascades > 0 ? null : 'Only of networks with cascades.'),
  coils: ({ source }) => (isMeasured(source) ? null : MEASURED),
  maps({ source, run }) {
    if (isMeasured(source) || run?.gives.includes('maps')) return null
    return run ? 'This network makes no coil maps.' : MEASURED
  },
  eigenvalues: ({ source }) => (isMeasured(source) ? null : MEASURED),
}

const isMeasured = (source: string) => source === 'zero-filled' || source === 'truth'

function ofTruth({ run, volume }: Offer): string | null {
  if (!volume.targetShape) return 'The file has no ground truth.'
  return run?.arbitraryUnits ? ARBITRARY : null
}

function overMasks({ source, volume }: Offer): string | null {
  if (source === 'truth') return 'It does not depend on the mask.'
  return isMeasuredSo(volume.sampling) ? 'The file has only its own mask.' : null
}

/** Whether the volume has such a thing at all. */
export const appliesTo = (show: Shown, { coils }: Pick<VolumeInfo, 'coils'>): boolean => coils > 1 || !needsCoils(show)

/** Why the source does not offer the show. `null`: it does. */
export const withheld = (show: Shown, offer: Offer): string | null => REASONS[show]?.(offer) ?? null
