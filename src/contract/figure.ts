/** The request for a figure: the viewer's comparison, for a paper. */
import { z } from 'zod'
import { MaskSeed, MaskSpec } from './evaluation.ts'
import { FrameSource, isCompared, SHOWS } from './images.ts'

/**
 * `diverging`: blue below the middle of the range, nearly white at the middle, red above.
 * `cyclic`: hues around a circle, so that both ends of the range have one colour.
 */
export const COLOUR_MAPS = ['grey', 'viridis', 'inferno', 'diverging', 'cyclic'] as const
export type ColourMap = (typeof COLOUR_MAPS)[number]

export const FIGURE_FORMATS = ['png', 'pdf', 'svg'] as const
export type FigureFormat = (typeof FIGURE_FORMATS)[number]

/**
 * The range of an error map ends at the volume's maximum divided by `scale`.
 * `signed`: image − ground truth. Otherwise the magnitude of this difference.
 */
export const ErrorScale = z.object({ scale: z.number().gt(0).max(1000), signed: z.boolean() })
export type ErrorScale = z.infer<typeof ErrorScale>

/** A part of an image, in shares of the image's width and height. The origin is the upper left corner. */
export const Share = z
  .object({
    x: z.number().min(0).lt(1),
    y: z.number().min(0).lt(1),
    width: z.number().gt(0).max(1),
    height: z.number().gt(0).max(1),
  })
  .refine(({ x, y, width, height }) => x + width <= 1.000001 && y + height <= 1.000001, {
    message: 'Expected a part within the image',
  })
export type Share = z.infer<typeof Share>

export const FigurePane = z
  .object({
    source: FrameSource,
    show: z.enum(SHOWS).default('image'),
    /** The layer of a `feature`. */
    layer: z.string().default(''),
    /** The channel of a `feature`, counted from 0. */
    channel: z.int().min(0).default(0),
    /** Of a `cascade`, see `FrameOptions`. */
    cascade: z.int().min(0).nullable().default(null),
    /** Counted from 0. `null`: all coils, combined. */
    coil: z.int().min(0).nullable().default(null),
    label: z.string().max(200),
    window: z
      .object({ low: z.number(), high: z.number() })
      .refine(({ low, high }) => high > low, { message: 'Expected a window that ends above its begin' }),
    map: z.enum(COLOUR_MAPS).default('grey'),
    /** If given, the pane shows the error map instead of the image. */
    error: ErrorScale.nullable().default(null),
  })
  .refine(({ error, show, coil }) => !error || (isCompared(show) && coil === null), {
    message: 'Expected an image of all coils for an error map, got another map',
  })
export type FigurePane = z.infer<typeof FigurePane>

/** Widths of a journal's page, in mm. */
export const FIGURE_WIDTHS = { page: 180, column: 85 } as const

export const FigureRequest = z
  .object({
    volume: z.int(),
    /** Counted from 0. */
    slice: z.int().min(0),
    mask: MaskSpec,
    seed: MaskSeed.default(null),
    /** The panes fill rows of `columns` panes. */
    panes: z.array(FigurePane).min(1).max(9),
    columns: z.int().min(1).max(4),
    /** Adds a row with the error map of each pane. */
    errorRow: ErrorScale.nullable().default(null),
    /** A detail. Each pane frames the detail and shows it magnified in a corner. */
    inset: Share.nullable().default(null),
    /** The visible part. `null`: the whole image. */
    crop: Share.nullable().default(null),
    labels: z.boolean().default(true),
    metrics: z.boolean().default(true),
    /** Colour bars of images. Error maps always have a colour bar. */
    colourBar: z.boolean().default(true),
    /** In mm. */
    width: z.number().min(30).max(400).default(FIGURE_WIDTHS.page),
    /** Pixels per inch. */
    dpi: z.int().min(300).max(1200).default(300),
    format: z.enum(FIGURE_FORMATS).default('png'),
    /** Absolute path on the host. If absent, the browser fetches the file from `downloadPath(name)`. */
    path: z.string().optional(),
    /** The user agreed to replace a file at `path`. */
    replace: z.boolean().default(false),
  })
  .refine(
    ({ errorRow, panes }) =>
      new Set([errorRow, ...panes.map(({ error }) => error)].flatMap(e => e?.scale ?? [])).size < 2,
    {
      message: 'Expected one scale for all error maps of a figure, got several',
    },
  )
export type FigureRequest = z.infer<typeof FigureRequest>
/** A request without its defaults. */
export type FigureInput = z.input<typeof FigureRequest>
