/** A report whose rows were trained on different kinds of device: their times are marked, and claimed by no finding. */
import { expect, it } from 'vitest'
import type { ReproductionReport, ReproductionRow, RowTraining } from '../../../src/contract/reproduction.ts'
import { TrainedOn } from '../../../src/contract/trained-on.ts'
import { conclusions } from '../../../src/presentation/findings.ts'
import { AGAINST, gainTable } from '../../../src/presentation/gains.ts'
import { tableOne } from '../../../src/presentation/headline-tables.ts'
import { baselineTotal } from '../../../src/presentation/kinds.ts'
import { groupsOf } from '../../../src/presentation/lines.ts'
import { METHODS, reproductionOf } from '../../reproductions.ts'

const CPU = TrainedOn.parse({ host: 'n1', tensorflow: '2.21.0', device: 'CPU', cpu: 'AMD EPYC', threads: 2 })
const OTHER = { ...CPU, host: 'n2', threads: 8 }

const on = (training: RowTraining | null, device: TrainedOn): RowTraining | null =>
  training && { ...training, trainedOn: [device] }

const all = (row: ReproductionRow, device: TrainedOn): ReproductionRow => ({
  ...row,
  pretraining: on(row.pretraining, device),
  training: on(row.training, device),
})

const U_NET = METHODS.filter(({ network }) => network === 'unet')

/** A report of one network. `change` may move rows to another device. */
function reportOf(change: (row: ReproductionRow) => ReproductionRow): ReproductionReport {
  const report = reproductionOf({ methods: U_NET })
  return { ...report, rows: report.rows.map(row => change(all(row, CPU))) }
}

const isTuned = ({ kind, method }: ReproductionRow, of: string) => kind === 'fine-tuned' && method === of

function totalsOf(report: ReproductionReport): Record<string, string> {
  const table = tableOne(report)!
  const column = table.columns.findIndex(({ short }) => short === 'Total time')
  const rows = table.sections.flatMap(section => section.rows)
  return Object.fromEntries(
    rows.map(({ label, note, cells }) => [
      `${label} ${note ?? ''}`.trim(),
      [cells[column].text, ...(cells[column].notes ?? [])].join(' '),
    ]),
  )
}

const notesOf = (report: ReproductionReport) => tableOne(report)!.notes.join(' ')

it('no time is marked if all rows have one kind, also on several machines', () => {
  const report = reportOf(row => (isTuned(row, 'rotnet') ? all(row, { ...CPU, host: 'n2' }) : row))
  expect(Object.values(totalsOf(report)).join()).not.toContain('†')
  expect(notesOf(report)).not.toContain('†')
  expect(conclusions(report).join()).not.toContain('No finding on times')
})

it('a row of another kind than its baseline is marked, has no share, and no finding on times includes it', () => {
  const same = reportOf(row => row)
  const report = reportOf(row => (isTuned(row, 'rotnet') ? all(row, OTHER) : row))
  expect(totalsOf(same)['RotNet + fine-tuning']).toMatch(/\d %$/)
  expect(totalsOf(report)['RotNet + fine-tuning']).toMatch(/ †$/)
  expect(totalsOf(report)['SimCLR + fine-tuning']).toBe(totalsOf(same)['SimCLR + fine-tuning'])
  expect(notesOf(report)).toContain('† This time is of another kind of device')
  expect(notesOf(report)).toContain('compared with no baseline, because the baseline was not trained there')
  const words = conclusions(report)
  expect(words.filter(text => /^RotNet: /.test(text))).toEqual([])
  expect(words.find(text => text.startsWith('No finding on times'))).toContain('RotNet + fine-tuning.')
})

it('a pre-training on another kind than its fine-tuning makes a sum of both, which is compared with nothing', () => {
  const report = reportOf(row => (isTuned(row, 'simclr') ? { ...row, pretraining: on(row.pretraining, OTHER) } : row))
  const row = report.rows.find(each => isTuned(each, 'simclr'))!
  const baseline = report.rows.find(({ kind }) => kind === 'baseline')!
  expect(baselineTotal({ ...row, baselineSeconds: 250 }, baseline)).toBeNaN()
  expect(totalsOf(report)['SimCLR + fine-tuning']).toMatch(/ †$/)
  expect(notesOf(report)).toContain(
    'Trained on several kinds of device (TensorFlow 2.21.0, CPU, 8 threads, on n2; TensorFlow 2.21.0, CPU, ' +
      '2 threads, on n1): SimCLR + fine-tuning.',
  )
  expect(conclusions(report).find(text => text.startsWith('No finding on times'))).toContain('SimCLR + fine-tuning.')
})

it('a baseline that went on elsewhere is the measure of no row', () => {
  const report = reportOf(row => {
    if (row.kind !== 'baseline') return row
    return { ...row, training: { ...row.training!, trainedOn: [CPU, OTHER] } }
  })
  const shares = Object.values(totalsOf(report)).filter(text => text.includes('%'))
  expect(shares).toEqual([])
  expect(conclusions(report).join(' ')).toContain('No method can be compared with a baseline of its network yet.')
})

it('a control of equal time with doubts is marked and named', () => {
  const report = reportOf(row =>
    row.kind === 'control of equal time' && row.method === 'pirl'
      ? { ...row, paceDoubts: ['other kinds', 'trainings beside'] }
      : row,
  )
  const marked = Object.entries(totalsOf(report)).filter(([, text]) => text.includes('†'))
  expect(marked.map(([label]) => label)).toEqual(['Control of equal time of PIRL'])
  expect(notesOf(report)).toMatch(/measured on different kinds of device: Control of equal time of PIRL\./)
  const gains = gainTable(report)!.sections.flatMap(({ name, rows }) => rows.map(row => [name, row.label, row.note]))
  expect(gains.filter(([, , note]) => note !== null)).toEqual([
    [AGAINST['control of equal time'], 'PIRL, U-Net', 'the control may have too many or too few epochs'],
  ])
  expect(notesOf(report)).toMatch(/other trainings ran on the machine meanwhile: Control of equal time of PIRL\./)
})

it('rows of earlier versions are compared by their device in words', () => {
  const report = reproductionOf({ methods: U_NET })
  const rows = report.rows.map(row => ({ ...row, device: isTuned(row, 'rotnet') ? 'a GPU' : 'a CPU' }))
  const [group] = groupsOf({ ...report, rows }).filter(({ name }) => name !== null)
  const marks = group.lines.filter(({ kind }) => kind === 'fine-tuned').map(line => [line.method, ...line.marks])
  expect(marks).toEqual(U_NET.map(({ id }) => [id, id === 'rotnet']))
})
