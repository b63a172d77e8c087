/**
 * Reports: the comparison figure, Table 1 for the terminal and the HTML page; the same of a whole study, and its
 * Markdown. What figures are drawn with.
 */

export { colourBar, exponentOf, fit, PRINT, paragraph, text } from './drawing.ts'
export { type Comparison, comparisonPng, comparisonSvg } from './figure.ts'
export { reportPage } from './page.ts'
export { emptyCell, numbersBlock, numbersLines, type Pane } from './pane.ts'
export { COLOURS, pixelsUri, position, type Range } from './pixels.ts'
export { FONT, FONT_FAMILY, LETTERS, svgPng as studyFigurePng } from './sheet.ts'
export { STUDY_FIGURES, type StudyFigure, studyFigures } from './study-figures.ts'
export type { StudyImages } from './study-images.ts'
export { studyMarkdown } from './study-markdown.ts'
export { studyPage } from './study-page.ts'
export { studyTableText } from './study-text.ts'
export { tableText } from './table.ts'
export { escapeMarkup } from './words.ts'
