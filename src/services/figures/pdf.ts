/**
 * A figure as PDF. pdfkit draws the elements of the SVG: text and lines as vectors, images pixel for pixel.
 * Our SVG has only the elements rect, path, text and image.
 */
import { XMLParser } from 'fast-xml-parser'
import PDFDocument from 'pdfkit'
import { LETTERS } from '../reports/index.ts'
import { type Figure, svgOf } from './figure.ts'

const POINTS_PER_INCH = 72
const ATTRIBUTES = ':@'
const TEXT = '#text'

type Attributes = Readonly<Record<string, string>>
/** Form of fast-xml-parser with `preserveOrder`: one key is the element's name and holds its children. */
type Element = Readonly<Record<string, unknown>>

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
})

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
/** Undoes `escapeMarkup`. */
const unescaped = (text: string) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name])

const wordsOf = (children: readonly Element[]) => unescaped(children.map(child => String(child[TEXT] ?? '')).join(''))

const shown = (colour: string | undefined) => colour !== undefined && colour !== 'none'

/** Fills and strokes the last path. */
function paint(pdf: PDFDocument, { fill, stroke, 'stroke-width': width = '1' }: Attributes): void {
  pdf.lineWidth(Number(width))
  if (shown(fill) && shown(stroke)) pdf.fillAndStroke(fill, stroke)
  else if (shown(fill)) pdf.fill(fill)
  else if (shown(stroke)) pdf.stroke(stroke)
}

function write(pdf: PDFDocument, attributes: Attributes, words: string): void {
  const { x, y, fill, 'font-size': size, 'font-weight': weight, 'text-anchor': anchor } = attributes
  pdf.font(weight ? LETTERS.bold : LETTERS.regular).fontSize(Number(size))
  const before = anchor ? pdf.widthOfString(words) / (anchor === 'middle' ? 2 : 1) : 0
  pdf.fillColor(fill).text(words, Number(x) - before, Number(y), { lineBreak: false, baseline: 'alphabetic' })
}

const DRAW: Readonly<Record<string, (pdf: PDFDocument, attributes: Attributes, children: readonly Element[]) => void>> =
  {
    rect(pdf, attributes) {
      const { x = '0', y = '0', width, height } = attributes
      pdf.rect(Number(x), Number(y), Number(width), Number(height))
      paint(pdf, attributes)
    },
    path(pdf, attributes) {
      pdf.path(attributes.d)
      paint(pdf, attributes)
    },
    text: (pdf, attributes, children) => write(pdf, attributes, wordsOf(children)),
    image(pdf, { x, y, width, height, href }) {
      pdf.image(href, Number(x), Number(y), { width: Number(width), height: Number(height) })
    },
  }

function draw(pdf: PDFDocument, element: Element): void {
  const name = Object.keys(element).find(key => key !== ATTRIBUTES)!
  if (!(name in DRAW)) throw new Error(`No <${name}> is drawn into a PDF`)
  DRAW[name](pdf, element[ATTRIBUTES] as Attributes, element[name] as readonly Element[])
}

/** A PDF with one page of the figure's size. */
export function pdfOf(figure: Figure, dpi: number): Promise<Uint8Array> {
  const scale = POINTS_PER_INCH / dpi
  const pdf = new PDFDocument({
    size: [figure.width * scale, figure.height * scale],
    margin: 0,
    font: LETTERS.regular,
    info: { Title: figure.caption, Creator: 'Self-MRI' },
  })
  const written = new Promise<Uint8Array>((resolve, reject) => {
    const parts: Uint8Array[] = []
    pdf.on('data', part => parts.push(part))
    pdf.on('end', () => resolve(Buffer.concat(parts)))
    pdf.on('error', reject)
  })
  pdf.scale(scale)
  const [{ svg }] = parser.parse(svgOf(figure)) as readonly { readonly svg: readonly Element[] }[]
  for (const element of svg) draw(pdf, element)
  pdf.end()
  return written
}
