/** Reports: the comparison figure, Table 1 for the terminal and the HTML page. */
export { type Comparison, comparisonPng, comparisonSvg, type Pane } from './figure.ts'
export { protocolSentence } from './format.ts'
export { reportPage } from './page.ts'
export { tableText } from './table.ts'
