/** Which rows of a reproduction come from which kernels, if there is more than one kind. */
import { kernelsOf } from './kinds.ts'
import { type Group, gather, rowsInWords } from './lines.ts'

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
  ]
}
