/** Types of the used part of pdfkit, because pdfkit has none. */
declare module 'pdfkit' {
  interface Options {
    /** Width and height in points. */
    readonly size: readonly [number, number]
    readonly margin: number
    /** Path of the first font's file. */
    readonly font: string
    readonly info: Readonly<Record<string, string>>
  }

  export default class PDFDocument {
    constructor(options: Options)
    on(event: 'data', listener: (part: Uint8Array) => void): this
    on(event: 'end', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    scale(factor: number): this
    rect(x: number, y: number, width: number, height: number): this
    path(d: string): this
    lineWidth(width: number): this
    fill(colour: string): this
    stroke(colour: string): this
    fillAndStroke(fill: string, stroke: string): this
    fillColor(colour: string): this
    font(path: string): this
    fontSize(size: number): this
    widthOfString(words: string): number
    text(words: string, x: number, y: number, options: { lineBreak: boolean; baseline: 'alphabetic' }): this
    image(uri: string, x: number, y: number, options: { width: number; height: number }): this
    end(): void
  }
}
