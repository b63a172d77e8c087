/** Parts of an HTML page: cells, lists, the document. */
import type { TrainingSummary } from '../../contract/training-summary.ts'
import { count, formatCount, formatLoss, NONE } from '../../presentation/numbers.ts'
import { RESEARCH_ONLY } from '../../presentation/protocol.ts'
import { STYLE } from './style.ts'
import { escapeMarkup } from './words.ts'

export const number = (content: string, className = ''): string =>
  `<td class="number ${className}">${escapeMarkup(content)}</td>`

export const groupHead = (name: string, span: number): string =>
  `<th scope="colgroup" colspan="${span}" class="group start">${name}</th>`

/** A square in a run's or a method's colour. */
export const dot = (title: string, colour: string): string =>
  ` <span class="dot" title="${escapeMarkup(title)}" style="background:${colour}"></span>`

export const badge = (word: string): string => `<span class="badge">${word}</span>`

export const definitions = (parts: readonly (readonly [name: string, value: string])[]): string =>
  `<dl>${parts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeMarkup(value)}</dd>`).join('')}</dl>`

export const paragraphs = (lines: readonly string[], className = ''): string =>
  lines.map(line => `<p${className && ` class="${className}"`}>${escapeMarkup(line)}</p>`).join('\n')

type Split = Readonly<Record<'train' | 'val' | 'test', readonly string[]>>

export function splitLists(split: Split): string {
  const lists = (['train', 'val', 'test'] as const).map(role => {
    const files = split[role].map(file => `<li>${escapeMarkup(file)}</li>`).join('')
    const name = { train: 'Training', val: 'Validation', test: 'Test' }[role]
    const list = files ? `<ul>${files}</ul>` : NONE
    return `<div><h3>${name}, ${count(split[role].length, 'volume')}</h3>${list}</div>`
  })
  return `<div class="split">${lists.join('')}</div>`
}

/** Table of checkpoints, with path and SHA-256. `head` is markup. */
export function checkpointTable(
  trainings: readonly { readonly head: string; readonly training: TrainingSummary }[],
): string {
  const rows = trainings.map(
    ({ head, training }) =>
      `<tr><th scope="row">${head}</th><td><code>${escapeMarkup(training.run)}</code></td>` +
      `${number(formatCount(training.batch))}${number(formatCount(training.bestEpoch))}` +
      number(formatLoss(training.validationLoss)) +
      `<td class="start"><code class="path">${escapeMarkup(training.checkpoint.path)}</code></td><td><code ` +
      `class="hash">${escapeMarkup(training.checkpoint.sha256)}</code></td></tr>`,
  )
  return (
    '<div class="scroll"><table class="wide"><thead><tr><th scope="col">Training</th><th scope="col">Run</th>' +
    '<th scope="col" class="number">Batch</th><th scope="col" class="number">Epoch kept</th>' +
    '<th scope="col" class="number">Validation loss</th>' +
    '<th scope="col" class="start">Checkpoint</th><th ' +
    `scope="col">SHA-256</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  )
}

/** The HTML file. `body` is markup. The page has no script and loads nothing. */
export function htmlDocument(title: string, body: string, remarks: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeMarkup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
<footer>
${paragraphs(remarks, 'secondary')}
<p>${RESEARCH_ONLY}</p>
</footer>
</main>
</body>
</html>
`
}
