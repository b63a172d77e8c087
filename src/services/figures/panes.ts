/** The images and error maps of a figure, each with its range and colours. */
import { AppError } from '../../contract/errors.ts'
import type { ColourMap, ErrorScale, FigurePane, FigureRequest } from '../../contract/figure.ts'
import { type FrameMeta, isCompared, isOfKspace, type Show } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { Tiles } from '../../contract/tiles.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import { position, type Range } from '../reports/index.ts'
import type { Frames } from '../viewing/frames.ts'

type Read = Pick<FigurePane, 'source' | 'show' | 'layer' | 'channel' | 'cascade' | 'coil'>

type Frame = Awaited<ReturnType<Frames['frame']>>

/** The picture in a cell of the figure. */
export interface Picture {
  readonly kind: 'image' | 'error'
  readonly shape: readonly [height: number, width: number]
  /** [height, width] */
  readonly values: Float32Array
  readonly range: Range
  readonly map: ColourMap
  /** Factor of each pixel's colour, from 0 to 1: `values` are phases. Absent: 1. */
  readonly brightness?: Float32Array
  /** 1 for pixels that are drawn as marked. */
  readonly marks?: Float32Array
  readonly tiles?: Tiles
  /** Name above the colour bar. */
  readonly name: string
  /** Whether the visible part and the detail apply. k-space is always shown whole. */
  readonly spatial: boolean
  /** Whether values are outside the range. */
  readonly clips: readonly [below: boolean, above: boolean]
}

export interface DrawnPane {
  readonly label: string
  readonly source: string
  readonly show: Show
  /** The picture. A text says why a requested error map is missing. */
  readonly main: Picture | string
  /** The error map, or the reason why it is missing. `null` without a row of error maps. */
  readonly error: Picture | string | null
  /** Metrics of this slice. */
  readonly metrics: FrameMeta['metrics']
  /** The text in place of missing metrics. */
  readonly reason: string
  /** One sentence that explains the image. `null` if the image's name says enough. */
  readonly note: string | null
  /** Samples over measured samples of the drawn mask. */
  readonly acceleration: number | null
}

const SHOWN: Partial<Record<Show, string>> = {
  ssim: 'SSIM',
  'k-space': 'log₁₀ |k|',
  phase: 'phase, rad',
  mask: 'measured',
  residual: 'log₁₀ |r|',
  maps: 'phase, rad',
  eigenvalues: 'eigenvalue',
  spread: 'SD',
}

function nameOf(show: Show, { units }: FrameMeta): string {
  return SHOWN[show] ?? (units === 'arbitrary' ? 'a.u.' : 'signal')
}

function imageOf({ show, window: { low, high }, map }: FigurePane, { image, meta }: Frame): Picture {
  const { shape, second, tiles } = meta
  const pixels = shape[0] * shape[1]
  const [first, seconds] = [image.subarray(0, pixels), image.subarray(pixels)]
  const common = {
    kind: 'image',
    shape,
    name: nameOf(show, meta),
    spatial: !isOfKspace(show) && !tiles,
    tiles,
  } as const
  if (second === 'phase')
    return {
      ...common,
      values: seconds,
      range: [-Math.PI, Math.PI],
      map: 'cyclic',
      brightness: first.map(value => position(value, [low, high])),
      clips: [false, false],
    }
  return {
    ...common,
    values: first,
    range: [low, high],
    map,
    ...(second === 'mark' && { marks: seconds }),
    clips: [meta.minimum < low, meta.maximum > high],
  }
}

/** What explains the image, and of a phase how bright a magnitude is. */
function noteOf({ window: { low, high } }: FigurePane, { note, second }: FrameMeta): string | null {
  return second === 'phase' ? `${note} Black is a magnitude of ${low}, full brightness ${high}.` : note
}

/**
 * The error map: image − truth, or the magnitude of this difference. The range ends at the volume's maximum over
 * `scale`. A text says why there is no error map.
 */
function errorOf({ source, show, coil }: FigurePane, frame: Frame, truth: Frame, scale: ErrorScale): Picture | string {
  if (source === 'truth') return 'the reference itself'
  const { units, shape } = frame.meta
  if (units === 'arbitrary') return 'arbitrary units: no error map'
  if (units !== 'signal' || !isCompared(show) || coil !== null) return 'no error map'
  if (frame.image.length !== truth.image.length)
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected images of the ground truth’s ${truth.image.length} pixels, got ${frame.image.length}, from ${source}`,
    )
  const end = truth.meta.volumeMaximum! / scale.scale
  const signed = frame.image.map((value, index) => value - truth.image[index])
  const values = scale.signed ? signed : signed.map(Math.abs)
  return {
    kind: 'error',
    shape,
    values,
    range: [scale.signed ? -end : 0, end],
    map: scale.signed ? 'diverging' : 'inferno',
    name: scale.signed ? 'error' : '|error|',
    spatial: true,
    clips: [values.some(value => value < -end), values.some(value => value > end)],
  }
}

function reasonOf({ source, show, coil }: FigurePane, { meta }: Frame, volume: StudyVolume): string {
  if (show !== 'image') return ''
  if (source === 'truth') return 'reference'
  if (meta.units === 'arbitrary') return 'arbitrary units'
  if (coil !== null) return 'one coil'
  return volume.targetShape ? 'no metric' : 'no ground truth'
}

/** Throws `INVALID_ARGUMENT` for error maps of a volume without ground truth. */
export async function gatherPanes(
  frames: Pick<Frames, 'frame'>,
  volume: StudyVolume,
  { slice, mask, seed, panes, errorRow }: FigureRequest,
  { onProgress, signal }: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<DrawnPane[]> {
  const compares = errorRow !== null || panes.some(({ error }) => error)
  if (compares && !volume.targetShape)
    throw new AppError('INVALID_ARGUMENT', `Expected a ground truth for error maps, got none, in ${volume.path}`)
  const drawn: DrawnPane[] = []
  /** Iterations of a classical image are parts of its pane. */
  const report = (label: string, share = 0) => onProgress?.({ done: drawn.length + share, total: panes.length, label })
  const read = ({ source, show, layer, channel, cascade, coil }: Read, label = '') =>
    frames.frame(
      { volume: volume.id, slice, source, mask, seed, show, layer, channel, cascade, coil },
      signal,
      ({ done, total }) => report(label, done / total),
    )
  const truth = compares
    ? await read({ source: 'truth', show: 'image', layer: '', channel: 0, cascade: null, coil: null })
    : null
  for (const pane of panes) {
    report(pane.label)
    const frame = await read(pane, pane.label)
    drawn.push({
      label: pane.label,
      source: pane.source,
      show: pane.show,
      main: pane.error ? errorOf(pane, frame, truth!, pane.error) : imageOf(pane, frame),
      error: !errorRow ? null : pane.error ? 'shown above' : errorOf(pane, frame, truth!, errorRow),
      metrics: pane.show === 'image' ? frame.meta.metrics : null,
      reason: reasonOf(pane, frame, volume),
      note: noteOf(pane, frame.meta),
      acceleration: frame.meta.acceleration,
    })
  }
  return drawn
}
