/** Reports of a reproduction: tables for the terminal, HTML page, Markdown page, figures. Elements of figures. */

export { colourBar, exponentOf, fit, PRINT, paragraph, text } from './drawing.ts'
export type { Comparison } from './figure.ts'
export { REPORT_FIGURES, type ReportFigure, reportFigures } from './figures.ts'
export { ERROR_SHARE, type ReportImages } from './images.ts'
export { reportMarkdown } from './markdown.ts'
export { reportPage } from './page.ts'
export { emptyCell, numbersBlock, numbersLines, type Pane } from './pane.ts'
export { COLOURS, pixelsUri, position, type Range } from './pixels.ts'
export { FONT, FONT_FAMILY, LETTERS, svgPng } from './sheet.ts'
export { demoText, reportText } from './text.ts'
export { escapeMarkup } from './words.ts'
