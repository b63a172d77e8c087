/** A reproduction's rows: pre-training, training, time and metrics; over seeds and folds their mean and SD, each row behind. */
import { Tooltip } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { ownLossOf } from '../../contract/report.ts'
import type { StudyReport, StudyRow, StudyTraining } from '../../contract/study.ts'
import { formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { protocolLines } from '../../presentation/protocol.ts'
import { goToScreen } from '../app/navigation.ts'
import { clock } from '../app/progress.ts'
import { shortOf } from '../widgets/settings-schema.ts'
import style from './report.module.css'
import { type Line, placeOf, plannedRows, type Section, type Statistic, statistic, stepSeconds } from './rows.ts'

interface Props {
  readonly title: string
  readonly sections: readonly Section[]
  readonly report: StudyReport
}

/** Widths in pixels: all tables of the page stand in the same columns. */
const COLUMNS: readonly { name: string; unit: string; width: number; why: string }[] = [
  { name: 'Pre-training', unit: 'time, ep, loss', width: 106, why: 'Time of its steps, without validation.' },
  { name: 'Training', unit: 'time, ep, loss', width: 106, why: 'Fine-tuning, control or training from scratch.' },
  { name: 'Total', unit: 'time', width: 60, why: 'Steps of pre-training and training together.' },
  {
    name: 'To baseline',
    unit: 'time',
    width: 86,
    why: 'Pre-training included: until the first validation that reaches the best SSIM of the baseline of the same network, split and seed.',
  },
  { name: 'SSIM', unit: '', width: 60, why: 'On test patients, the protocol on hover over each number.' },
  { name: 'PSNR', unit: 'dB', width: 60, why: 'On test patients.' },
  { name: 'NMSE', unit: '', width: 68, why: 'On test patients.' },
  {
    name: 'Untuned',
    unit: 'SSIM',
    width: 66,
    why: 'The pre-trained output before any fine-tuning, as it comes, in arbitrary units.',
  },
]

/** 'mean ± SD over 5 seeds and 4 test patients' */
function over({ request: { seeds }, folds }: StudyReport): string {
  const parts = [seeds > 1 && `${seeds} seeds`, folds.length > 1 && `${folds.length} test patients`].filter(Boolean)
  return parts.length > 0 ? `mean ± SD over ${parts.join(' and ')}` : ''
}

export function RowTable({ title, sections, report }: Props) {
  return (
    <div className={style.wrapper}>
      <table className={style.table}>
        <caption>
          {title} <span className={style.captionNote}>{over(report)}</span>
        </caption>
        <colgroup>
          <col />
          {COLUMNS.map(({ name, width }) => (
            <col key={name} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th scope="col" />
            {COLUMNS.map(({ name, unit, why }) => (
              <Tooltip key={name} label={why}>
                <th scope="col">
                  {name}
                  <span className={style.second}>{unit}</span>
                </th>
              </Tooltip>
            ))}
          </tr>
        </thead>
        {sections.map(({ network, lines }) => (
          <tbody key={network}>
            <tr className={style.network}>
              <th scope="rowgroup" colSpan={COLUMNS.length + 1}>
                {network}
              </th>
            </tr>
            {lines.map(line => (
              <LineRows key={line.key} line={line} report={report} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

function LineRows({ line, report }: { line: Line; report: StudyReport }) {
  const [open, setOpen] = useState(false)
  const several = line.rows.length > 1
  const [only] = line.rows
  const planned = plannedRows(report)
  const title = several ? (
    <button type="button" className={style.label} aria-expanded={open} onClick={() => setOpen(!open)}>
      <IconChevronRight className={style.chevron} size={12} />
      <span>{line.label}</span>
      {line.rows.length < planned && (
        <span className={style.second}>
          {line.rows.length} of {planned} so far
        </span>
      )}
    </button>
  ) : (
    <RunTitle row={only}>{line.label}</RunTitle>
  )
  return (
    <>
      <tr>
        <th scope="row">{title}</th>
        <Cells rows={line.rows} report={report} />
      </tr>
      {several &&
        open &&
        line.rows.map(row => (
          <tr key={row.key} className={style.single}>
            <th scope="row">
              <RunTitle row={row}>{placeOf(row, report)}</RunTitle>
            </th>
            <Cells rows={[row]} report={report} />
          </tr>
        ))}
    </>
  )
}

/** Opens the row's run, where it has one. */
function RunTitle({ row, children }: { row: StudyRow; children: ReactNode }) {
  const run = row.training?.run
  if (!run) return <span className={style.label}>{children}</span>
  return (
    <button type="button" className={style.label} title={`Open run ${run}`} onClick={() => goToScreen('runs', run)}>
      {children}
    </button>
  )
}

function Cells({ rows, report }: { rows: readonly StudyRow[]; report: StudyReport }) {
  const metric = (of: (row: StudyRow) => number | null) => statistic(rows.map(of))
  return (
    <>
      <td>
        <Training trainings={rows.map(row => row.pretraining)} />
      </td>
      <td>
        <Training trainings={rows.map(row => row.training)} />
      </td>
      <td>{time(metric(row => (row.training ? row.totalSeconds : null)))}</td>
      <td>{reached(rows)}</td>
      <td>
        <Metric {...{ rows, report }} value={metric(row => row.metrics.ssim)} write={formatSsim} />
      </td>
      <td>
        <Metric {...{ rows, report }} value={metric(row => row.metrics.psnr)} write={formatPsnr} />
      </td>
      <td>
        <Metric {...{ rows, report }} value={metric(row => row.metrics.nmse)} write={formatNmse} />
      </td>
      <td>{formatSsim(metric(row => row.pretrainedSsim)?.mean)}</td>
    </>
  )
}

const time = (value: Statistic | null) => (value === null ? '–' : clock(value.mean))

/** '2:10', or of how many seeds and folds it was reached. */
function reached(rows: readonly StudyRow[]): ReactNode {
  const trained = rows.filter(row => row.training)
  if (trained.length === 0) return '–'
  const those = trained.flatMap(row => (row.toBaseline ? [row.toBaseline.seconds] : []))
  if (those.length === 0) return <span className="secondary">not reached</span>
  return (
    <>
      {time(statistic(those))}
      {trained.length > 1 && (
        <span className={style.second}>
          {those.length} of {trained.length}
        </span>
      )}
    </>
  )
}

/** Losses span decades: digits that mean something, in little room. */
function lossText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(4)
}

function Training({ trainings }: { trainings: readonly (StudyTraining | null)[] }) {
  const there = trainings.filter(training => training !== null)
  if (there.length === 0) return '–'
  const [first] = there
  const hasTerm = Number(first.settings.reconstruction ?? 0) > 0
  const own = there.map(training => ownLossOf(training, hasTerm))
  const whole = own.includes(null)
  const losses = statistic(there.map(({ loss }, i) => own[i] ?? loss))!
  const settings = Object.entries(first.settings).map(([name, value]) => `${shortOf(name)} ${value}`)
  const figures = Object.entries(first.figures).map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`)
  const why = [
    `${first.steps} steps, batch ${first.batch}${settings.length > 0 ? `; ${settings.join(', ')}` : ''}.`,
    whole && 'The loss has the reconstruction term in it.',
    !whole && first.chanceLoss !== null && `Loss of a network that tells nothing apart: ${lossText(first.chanceLoss)}.`,
    figures.length > 0 && `On held-out patients: ${figures.join(', ')}.`,
  ]
    .filter(Boolean)
    .join(' ')
  return (
    <Tooltip label={why}>
      <button
        type="button"
        className={style.training}
        title={there.length === 1 ? `Open run ${first.run}` : undefined}
        disabled={there.length > 1}
        onClick={() => goToScreen('runs', first.run)}
      >
        {time(statistic(there.map(stepSeconds)))}
        <span className={style.second}>
          {first.epochs} ep, {lossText(losses.mean)}
        </span>
      </button>
    </Tooltip>
  )
}

function Metric(props: {
  rows: readonly StudyRow[]
  report: StudyReport
  value: Statistic | null
  write: (value: number) => string
}) {
  const { rows, report, value, write } = props
  if (!value) return '–'
  return (
    <Tooltip label={<Protocols rows={rows} report={report} />} maw={460}>
      <span className={style.metric}>
        {write(value.mean)}
        {value.sd !== null && <span className={style.second}>± {write(value.sd)}</span>}
      </span>
    </Tooltip>
  )
}

/** The protocol that leads, and the same images by the others: where a number depends on it, it shows. */
function Protocols({ rows, report }: { rows: readonly StudyRow[]; report: StudyReport }) {
  const mean = (of: (row: StudyRow) => number | null | undefined) => statistic(rows.map(of))?.mean
  const draws = rows[0].manyMasks?.draws
  const lines = [
    protocolLines(report.protocol, null),
    `Foreground only: SSIM ${formatSsim(mean(row => row.metrics.foreground.ssim))}, PSNR ${formatPsnr(mean(row => row.metrics.foreground.psnr))} dB, NMSE ${formatNmse(mean(row => row.metrics.foreground.nmse))}.`,
    `Slice by slice, as fastMRI before March 2021: PSNR ${formatPsnr(mean(row => row.sliceWise.psnr))} dB, NMSE ${formatNmse(mean(row => row.sliceWise.nmse))}.`,
    draws !== undefined &&
      `Over ${draws} masks: SSIM ${formatSsim(mean(row => row.manyMasks?.mean.ssim))} ± ${formatSsim(mean(row => row.manyMasks?.sd.ssim))}.`,
    rows.some(row => row.noiseFree) &&
      `Against the noise-free image: SSIM ${formatSsim(mean(row => row.noiseFree?.ssim))}, PSNR ${formatPsnr(mean(row => row.noiseFree?.psnr))} dB.`,
  ]
  return <span className={style.protocol}>{lines.filter(Boolean).join('\n')}</span>
}
