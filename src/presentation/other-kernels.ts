/** Which rows of a reproduction come from which kernels, if there is more than one kind. */
import { companion, type Group, gather, kernelsOf, type Line, linesOf, onNetwork, sameTraining } from './lines.ts'
import { count } from './numbers.ts'

/** 'RotNet + fine-tuning (3 of 20)', 'Control, few labels of SimCLR on U-Net-16, 1 patient' */
function rowsInWords(line: Line, rows: number, groups: readonly Group[]): string {
  const { label, name, patients } = line
  return [
    label,
    label.includes(name) ? '' : ` of ${name}`,
    onNetwork(line, groups),
    patients === null ? '' : `, ${count(patients, 'patient')}`,
    rows < line.rows.length ? ` (${rows} of ${line.rows.length})` : '',
  ].join('')
}

/** Rows whose length follows from times of a fine-tuned row and of a control that ran with different kernels. */
function unequalTimes(groups: readonly Group[]): string[] {
  const found = groups.flatMap(group =>
    linesOf(group, 'control of equal time').flatMap(line => {
      const timed = [
        linesOf(group, 'fine-tuned').find(({ method }) => method === line.method),
        companion(group, line, 'control'),
      ]
      const rows = line.rows.filter(row => {
        const [tuned, control] = timed.map(other => sameTraining(other, row)?.rows[0])
        return tuned && control && kernelsOf(tuned) !== kernelsOf(control)
      })
      return rows.length > 0 ? [rowsInWords(line, rows.length, groups)] : []
    }),
  )
  if (found.length === 0) return []
  return [
    'A control of equal time has as many epochs as fit into the time of pre-training and fine-tuning. ' +
      `These controls have too many or too few, because other kernels gave the time of an epoch: ${found.join('; ')}.`,
  ]
}

/** One sentence for each kind of kernels. The kind of the most rows comes last, and its rows are not listed. */
export function otherKernels(groups: readonly Group[]): string[] {
  const lines = groups.flatMap(group => group.lines)
  const trained = lines.flatMap(line => line.rows).filter(row => kernelsOf(row) !== null)
  const kinds = gather(trained, kernelsOf).sort((a, b) => a.length - b.length)
  if (kinds.length < 2) return []
  const sentences = kinds.slice(0, -1).map(([first]) => {
    const kernels = kernelsOf(first)
    const of = lines.flatMap(line => {
      const some = line.rows.filter(row => kernelsOf(row) === kernels)
      return some.length > 0 ? [rowsInWords(line, some.length, groups)] : []
    })
    return `With ${kernels}: ${of.join('; ')}.`
  })
  return [
    'The rows were trained with different kernels. Their last digits may differ, and their times are not compared. ' +
      `${sentences.join(' ')} With ${kernelsOf(kinds.at(-1)![0])}: all other rows.`,
    ...unequalTimes(groups),
  ]
}
