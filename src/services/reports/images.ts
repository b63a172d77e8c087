/**
 * Figure 3 of a report: one test slice. Zero-filled, ground truth, and each method before and after fine-tuning.
 * All error maps have one scale.
 */
import type { Metrics } from '../../contract/evaluation.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { classicalNotes } from '../../presentation/classical.ts'
import { colourOf } from './curves.ts'
import { TEXT } from './drawing.ts'
import { panesSvg } from './figure.ts'
import type { Pane } from './pane.ts'

/**
 * Images are [height, width] in the file's units. Images of pre-trained networks have arbitrary units.
 * Metrics refer to the volume of the slice.
 */
export interface ReportImages {
  /** File, slice, acquisition, fold and seed. */
  readonly caption: string
  readonly shape: readonly [height: number, width: number]
  readonly truth: Float32Array | null
  /** Maximum of the volume's ground truth, the upper end of the window of all images. */
  readonly maximum: number
  readonly zeroFilled: Float32Array
  readonly zeroFilledMetrics?: Metrics | null
  readonly classical: readonly {
    readonly label: string
    readonly image: Float32Array
    readonly metrics?: Metrics | null
  }[]
  readonly baselines: readonly {
    readonly label: string
    readonly image: Float32Array
    readonly metrics?: Metrics | null
  }[]
  readonly methods: readonly {
    readonly method: string
    readonly label: string
    readonly pretrained: Float32Array
    readonly fineTuned: Float32Array
    readonly metrics?: Metrics | null
  }[]
}

/** Error maps end at this share of the ground truth's maximum. */
export const ERROR_SHARE = 0.2

/** Most panes side by side before classical methods get a row of their own: as many as there are methods. */
const WIDEST = 5

/** Size of a pane over text size. Text of five panes side by side is legible on a page. */
const PANE_OVER_TEXT = 14

export function imagesFigure(report: ReproductionReport, images: ReportImages): string {
  const { truth, maximum, classical, baselines, methods } = images
  const errorOf = (image: Float32Array) => truth && image.map((value, index) => Math.abs(value - truth[index]))
  const pane = (title: string, image: Float32Array, metrics: Metrics | null | undefined, colour?: string): Pane => ({
    title,
    run: null,
    image,
    units: 'signal',
    metrics: metrics ?? null,
    error: errorOf(image),
    colour,
    note: 'no metric',
  })
  const untrained = classical.map(({ label, image, metrics }) => pane(label, image, metrics, TEXT))
  const others = [
    pane('Sub-sampled, zero-filled', images.zeroFilled, images.zeroFilledMetrics),
    ...baselines.map(({ label, image, metrics }) => pane(label, image, metrics, TEXT)),
    ...(truth ? [{ ...pane('Ground truth', truth, null), error: null, note: 'reference' }] : []),
  ]
  const pretrained = methods.map(
    ({ method, label, pretrained: image }): Pane => ({
      ...pane(`${label}, pre-trained`, image, null, colourOf(method)),
      units: 'arbitrary',
      error: null,
    }),
  )
  const fineTuned = methods.map(({ method, label, fineTuned: image, metrics }) =>
    pane(`${label}, fine-tuned`, image, metrics, colourOf(method)),
  )
  const together = others.length + untrained.length <= WIDEST
  const first = together ? others.toSpliced(1, 0, ...untrained) : others
  const above = together ? [first] : [first, untrained]
  const few = 2 * methods.length <= Math.max(...above.map(panes => panes.length))
  const rows = [...above, ...(few ? [[...pretrained, ...fineTuned]] : [pretrained, fineTuned])]
  return panesSvg(
    {
      title: `${report.study}. Figure 3. Images`,
      caption: images.caption,
      origin: report.origin,
      shape: images.shape,
      window: [0, maximum],
      errorMaximum: ERROR_SHARE * maximum,
      protocol: report.protocol,
      remarks: [...classicalNotes(report), ...report.remarks],
    },
    rows.filter(panes => panes.length > 0),
    PANE_OVER_TEXT,
  )
}
