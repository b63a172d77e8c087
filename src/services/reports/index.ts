/**
 * Reports of a reproduction: tables for the terminal, the HTML page, the Markdown page, the figures. What figures are
 * drawn with.
 */

export { colourBar, exponentOf, fit, PRINT, paragraph, text } from './drawing.ts'
export type { Comparison } from './figure.ts'
export { emptyCell, numbersBlock, numbersLines, type Pane } from './pane.ts'
export { COLOURS, pixelsUri, position, type Range } from './pixels.ts'
export { FONT, FONT_FAMILY, LETTERS, svgPng as studyFigurePng } from './sheet.ts'
export { STUDY_FIGURES, type StudyFigure, studyFigures } from './study-figures.ts'
export { ERROR_SHARE, type StudyImages } from './study-images.ts'
export { studyMarkdown } from './study-markdown.ts'
export { studyPage } from './study-page.ts'
export { demoText, studyTableText } from './study-text.ts'
export { escapeMarkup } from './words.ts'
