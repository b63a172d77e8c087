/** A picture of a figure: unsmoothed pixels, the detail's frame, and the magnified detail in a corner. */
import type { Share } from '../../contract/figure.ts'
import { tileAt } from '../../contract/tiles.ts'
import { MARK } from '../../presentation/colours.ts'
import { COLOURS, pixelsUri, position } from '../reports/index.ts'
import { type Part, type Place, partOf, shownPart } from './layout.ts'
import type { Picture } from './panes.ts'

/** Colour of frames: Okabe & Ito's sky blue, on black. Visible on grey, on inferno and on white. */
const FRAME = '#56b4e9'

/** Largest share of the picture's sides for a detail. */
const DETAIL_SHARE = 0.42

/** A pixel is embedded as a block of at most 4 × 4, so that a viewer that smooths changes only the block's edge. */
const MOST_REPEATS = 4

const WHITE = [255, 255, 255]

/** The colour of a pixel. Between tiles the paper is white. */
function colourAt(
  { values, range, map, brightness, marks, tiles }: Picture,
  row: number,
  column: number,
  index: number,
) {
  const colour = COLOURS[map](position(values[index], range))
  if (tiles && !tileAt(tiles, row, column)) return WHITE.slice(0, colour.length)
  if (brightness) return colour.map(channel => Math.round(channel * brightness[index]))
  if (!marks) return colour
  return marks[index] === 1 ? MARK : colour.length === 1 ? [colour[0], colour[0], colour[0]] : colour
}

function pixels(picture: Picture, part: Part, { x, y, width, height }: Place): string {
  const repeats = Math.min(MOST_REPEATS, Math.ceil(width / part.width))
  const uri = pixelsUri([part.height, part.width], repeats, place => {
    const row = part.top + Math.floor(place / part.width)
    const column = part.left + (place % part.width)
    return colourAt(picture, row, column, row * picture.shape[1] + column)
  })
  return (
    `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none" ` +
    `image-rendering="optimizeSpeed" style="image-rendering:pixelated" href="${uri}"/>`
  )
}

const box = ({ x, y, width, height }: Place, colour: string, stroke: number): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="none" ` +
  `stroke="${colour}" stroke-width="${stroke}"/>`

const frame = (place: Place, stroke: number): string => box(place, '#000000', 2.2 * stroke) + box(place, FRAME, stroke)

/** Place of a part of the image, if `shown` is drawn at `place`. `null`: no pixel of the part is visible. */
function placeWithin(part: Part, shown: Part, place: Place): Place | null {
  const [scaleX, scaleY] = [place.width / shown.width, place.height / shown.height]
  const left = Math.max(part.left, shown.left)
  const top = Math.max(part.top, shown.top)
  const right = Math.min(part.left + part.width, shown.left + shown.width)
  const bottom = Math.min(part.top + part.height, shown.top + shown.height)
  if (left >= right || top >= bottom) return null
  return {
    x: place.x + (left - shown.left) * scaleX,
    y: place.y + (top - shown.top) * scaleY,
    width: (right - left) * scaleX,
    height: (bottom - top) * scaleY,
  }
}

interface Detail {
  readonly part: Part
  readonly place: Place
  /** Scale of the detail over the scale of the picture. */
  readonly magnification: number
}

/** The largest detail that `DETAIL_SHARE` allows, in the corner farthest from the magnified part. */
export function detailOf(shape: Picture['shape'], inset: Share, shown: Part, place: Place): Detail {
  const part = partOf(shape, inset)
  const scale = Math.min((DETAIL_SHARE * place.width) / part.width, (DETAIL_SHARE * place.height) / part.height)
  const [width, height] = [Math.round(part.width * scale), Math.round(part.height * scale)]
  const centreX = (part.left + part.width / 2 - shown.left) / shown.width
  const centreY = (part.top + part.height / 2 - shown.top) / shown.height
  const x = place.x + (centreX > 0.55 ? 0 : place.width - width)
  const y = place.y + (centreY > 0.55 ? 0 : place.height - height)
  return { part, place: { x, y, width, height }, magnification: scale / (place.width / shown.width) }
}

/** @param stroke width of a frame's line */
export function drawPicture(
  picture: Picture,
  place: Place,
  { crop, inset }: { readonly crop: Share | null; readonly inset: Share | null },
  stroke: number,
): string {
  const shown = shownPart(picture, crop)
  const image = pixels(picture, shown, place)
  if (!inset || !picture.spatial) return image
  const detail = detailOf(picture.shape, inset, shown, place)
  const framed = placeWithin(detail.part, shown, place)
  const inner = {
    x: detail.place.x + 1.1 * stroke,
    y: detail.place.y + 1.1 * stroke,
    width: detail.place.width - 2.2 * stroke,
    height: detail.place.height - 2.2 * stroke,
  }
  return (
    image + (framed ? frame(framed, stroke) : '') + pixels(picture, detail.part, detail.place) + frame(inner, stroke)
  )
}
