/** What is said below a pane's image: its numbers, or what it is. */
import { Tooltip } from '@mantine/core'
import { memo } from 'react'
import type { FrameMeta, SliceMetrics } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { protocolLines } from '../../presentation/protocol.ts'
import { errorText } from '../app/client.ts'
import { leaveFocusToTable } from '../widgets/focus.ts'
import { CascadeScores } from './cascade-scores.tsx'
import { useMetrics } from './frames.ts'
import { scoreCautions } from './network-cautions.ts'
import style from './pane-foot.module.css'
import { scoreVolume, useScore } from './score.ts'
import { type PaneState, shortLabel, usePlace } from './sources.ts'

interface FootProps {
  readonly pane: PaneState
  readonly volume: StudyVolume
}

/** One coil's image has no metrics. */
const isOneCoil = ({ coil = null }: PaneState) => coil !== null

interface PaneFootProps extends FootProps {
  readonly meta: FrameMeta | null
  /** `meta` is not of the requested image. */
  readonly waiting: boolean
}

export function PaneFoot({ pane, volume, meta, waiting }: PaneFootProps) {
  const isNoted = meta !== null && (meta.show !== 'image' || isOneCoil(pane)) && meta.note !== null
  if (waiting && (isNoted || meta?.residual)) return <Note text="…" />
  if (meta?.show === 'residual' && meta.residual) return <Residual residual={meta.residual} note={meta.note} />
  if (meta?.show === 'cascade' && meta.cascades?.ssim && !waiting)
    return <CascadeScores at={meta.cascades.at} ssim={meta.cascades.ssim} note={meta.note!} />
  if (isNoted) return <Note text={meta.note!} />
  const { acceleration = null, note = null } = (!waiting && meta) || {}
  return <PaneNumbers {...{ pane, volume, acceleration, note }} seen={meta !== null} />
}

interface NumbersProps extends FootProps {
  readonly seen: boolean
  readonly acceleration: number | null
  /** Of a classical image: its coil maps. */
  readonly note: string | null
}

/**
 * Metrics of the slice and of the volume, of the whole image and of the foreground, because classical images lose SSIM
 * in air; the protocol on hover. Only the slice's row changes with the slice.
 */
const PaneNumbers = memo(function PaneNumbers({ pane, volume, seen, acceleration, note }: NumbersProps) {
  const { source, run } = pane
  const scored = source !== null && source !== 'truth' && volume.targetShape !== null && !run?.arbitraryUnits
  const score = useScore(pane, volume, scored && seen)
  if (!scored) {
    const why =
      source === 'truth'
        ? volume.targetShape
          ? 'reference'
          : ''
        : source === null
          ? ''
          : run?.arbitraryUnits
            ? 'arbitrary units: no metric'
            : 'no ground truth: no metric'
    return <p className={style.none}>{why}</p>
  }
  const { data, error, onDemand } = score
  const protocol = data
    ? protocolLines(data.protocol, acceleration === null ? null : { ...data.score, acceleration })
    : error
      ? `Not scored. ${errorText(error)}`
      : onDemand
        ? 'Foreground: pixels whose ground truth, averaged over 7 × 7, is at least 0.1 of the volume’s maximum.'
        : 'Protocol: scoring the volume …'
  const hover = [...(note ? [note] : []), protocol, ...scoreCautions(run, volume)].join('\n')
  return (
    <Tooltip label={<span className={style.protocol}>{hover}</span>} maw={420}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tooltip opens on focus */}
      <table className={style.numbers} tabIndex={0} aria-label={`Metrics of ${shortLabel(pane)}`}>
        <colgroup>
          <col className={style.names} />
          <col />
          <col className={style.psnr} />
          <col className={style.nmse} />
          <col />
          <col className={style.nmse} />
        </colgroup>
        <thead>
          <tr>
            <td />
            <th className={style.psnr} scope="colgroup" colSpan={3}>
              whole image
            </th>
            <th className={style.withoutPsnr} scope="colgroup" colSpan={2}>
              whole image
            </th>
            <th scope="colgroup" colSpan={2}>
              foreground
            </th>
          </tr>
          <tr>
            <td />
            <th>SSIM</th>
            <th className={style.psnr} aria-label="PSNR in dB">
              PSNR
            </th>
            <th>NMSE</th>
            <th aria-label="SSIM of the foreground">SSIM</th>
            <th aria-label="NMSE of the foreground">NMSE</th>
          </tr>
        </thead>
        <tbody>
          <SliceRow {...{ pane, volume }} />
          <VolumeRow {...{ pane, volume, score }} />
        </tbody>
      </table>
    </Tooltip>
  )
})

/** `undefined`: on their way. */
function Cells({ metrics, of }: { metrics: SliceMetrics | null | undefined; of: 'slice' | 'volume' }) {
  const cell = (text: string) => (metrics === undefined ? '…' : text)
  return (
    <>
      <td data-metric={`${of}-ssim`}>{cell(formatSsim(metrics?.ssim))}</td>
      <td className={style.psnr}>{cell(formatPsnr(metrics?.psnr))}</td>
      <td>{cell(formatNmse(metrics?.nmse))}</td>
      <td>{cell(formatSsim(metrics?.foreground.ssim))}</td>
      <td>{cell(formatNmse(metrics?.foreground.nmse))}</td>
    </>
  )
}

function SliceRow({ pane, volume }: FootProps) {
  const metrics = useMetrics(usePlace(pane, volume).url)
  return (
    <tr aria-busy={metrics === undefined}>
      <th scope="row">slice</th>
      <Cells metrics={metrics} of="slice" />
    </tr>
  )
}

function VolumeRow({ pane, volume, score }: FootProps & { score: ReturnType<typeof useScore> }) {
  const { data, isPending, onDemand, work } = score
  if (onDemand && data === undefined)
    return (
      <tr aria-busy={work !== null}>
        <VolumeHead />
        <td colSpan={4} className={style.action}>
          <Scoring {...{ pane, volume, score }} />
        </td>
      </tr>
    )
  if (onDemand && data === null)
    return (
      <tr>
        <VolumeHead />
        <td colSpan={4} className={style.action}>
          no metric
        </td>
      </tr>
    )
  return (
    <tr aria-busy={isPending}>
      <VolumeHead />
      <Cells metrics={isPending ? undefined : data?.score} of="volume" />
    </tr>
  )
}

const VolumeHead = () => (
  <th scope="row" aria-label="volume">
    vol.
  </th>
)

/** One button, so that it keeps the focus when the score begins and when the score is stopped. */
function Scoring({ pane, volume, score: { error, work } }: FootProps & { score: ReturnType<typeof useScore> }) {
  const name = shortLabel(pane)
  const progress = work?.progress
  return (
    <>
      {work && (
        <span>
          {progress && progress.total > 0 ? `${Math.floor(progress.done)} of ${progress.total} slices` : 'waiting …'}
        </span>
      )}
      <button
        ref={leaveFocusToTable}
        type="button"
        className={style.link}
        aria-label={work ? `Stop the score of ${name}` : undefined}
        aria-disabled={work?.cancelling}
        title={work ? undefined : error ? errorText(error) : `Takes about as long as ${volume.slices} images`}
        onClick={() => (work ? work.cancel() : void scoreVolume(pane, volume, name))}
      >
        {work ? 'Stop' : error ? 'Not scored. Score volume again' : 'Score volume'}
      </button>
    </>
  )
}

const Note = ({ text }: { text: string }) => (
  <p className={style.note} title={text}>
    {text}
  </p>
)

/** How far from the measurement, beside the least that a magnitude image can be. */
function Residual({
  residual: { value, floor, ofKspace },
  note,
}: {
  residual: NonNullable<FrameMeta['residual']>
  note: string | null
}) {
  return (
    <Tooltip label={note} maw={420}>
      <p className={style.note}>
        {ofKspace ? '‖M(k − y)‖' : '‖M(Fx̂ − y)‖'} / ‖My‖ = {value.toFixed(3)}
        {floor !== null && (
          <span className="secondary">
            , of the ground truth{ofKspace ? '’s magnitude' : ' itself'} {floor.toFixed(3)}
          </span>
        )}
      </p>
    </Tooltip>
  )
}
