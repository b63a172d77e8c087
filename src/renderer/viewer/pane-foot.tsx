/** What is said below a pane's image: its numbers, or what it is. */
import { Tooltip } from '@mantine/core'
import { memo } from 'react'
import type { FrameMeta } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { protocolLines } from '../../presentation/protocol.ts'
import { errorText } from '../app/client.ts'
import { useMetrics } from './frames.ts'
import style from './pane.module.css'
import { useScore } from './score.ts'
import { type PaneState, usePlace } from './sources.ts'
import { versionOf } from './versions.ts'

interface FootProps {
  readonly pane: PaneState
  readonly volume: StudyVolume
}

/** One coil's image has no metrics. */
const isOneCoil = ({ coil = null }: PaneState) => coil !== null

export function PaneFoot({ pane, volume, meta }: FootProps & { meta: FrameMeta | null }) {
  if (meta?.show === 'residual' && meta.residual) return <Residual residual={meta.residual} note={meta.note} />
  if (meta && (meta.show !== 'image' || isOneCoil(pane)) && meta.note) return <Note text={meta.note} />
  return <PaneNumbers {...{ pane, volume }} seen={meta !== null} acceleration={meta?.acceleration ?? null} />
}

interface NumbersProps extends FootProps {
  readonly seen: boolean
  readonly acceleration: number | null
}

/**
 * SSIM, PSNR, NMSE of the slice and of the volume; the protocol on hover. Only the slice's row changes with the slice.
 */
const PaneNumbers = memo(function PaneNumbers({ pane, volume, seen, acceleration }: NumbersProps) {
  const { source, run } = pane
  const scored = source !== null && source !== 'truth' && volume.targetShape !== null && !run?.arbitraryUnits
  const { data, isPending, error } = useScore(volume.id, source, versionOf(volume, run), scored && seen)
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
  const protocol = data
    ? protocolLines(data.protocol, acceleration === null ? null : { ...data.score, acceleration })
    : error
      ? `Not scored. ${errorText(error)}`
      : 'Protocol: scoring the volume …'
  const volumeScore = data?.score
  return (
    <Tooltip label={<span className={style.protocol}>{protocol}</span>} maw={420}>
      <table className={style.numbers}>
        <thead>
          <tr>
            <th />
            <th>SSIM</th>
            <th>PSNR dB</th>
            <th>NMSE</th>
          </tr>
        </thead>
        <tbody>
          <SliceRow {...{ pane, volume }} />
          <tr aria-busy={isPending}>
            <th>volume</th>
            <td data-metric="volume-ssim">{isPending ? '…' : formatSsim(volumeScore?.ssim)}</td>
            <td>{isPending ? '…' : formatPsnr(volumeScore?.psnr)}</td>
            <td>{isPending ? '…' : formatNmse(volumeScore?.nmse)}</td>
          </tr>
        </tbody>
      </table>
    </Tooltip>
  )
})

function SliceRow({ pane, volume }: FootProps) {
  const metrics = useMetrics(usePlace(pane, volume).url)
  const cell = (text: string) => (metrics === undefined ? '…' : text)
  return (
    <tr aria-busy={metrics === undefined}>
      <th>slice</th>
      <td>{cell(formatSsim(metrics?.ssim))}</td>
      <td>{cell(formatPsnr(metrics?.psnr))}</td>
      <td>{cell(formatNmse(metrics?.nmse))}</td>
    </tr>
  )
}

const Note = ({ text }: { text: string }) => (
  <p className={style.note} title={text}>
    {text}
  </p>
)

/** How far from the measurement, beside the least that a magnitude image can be. */
function Residual({
  residual: { value, floor },
  note,
}: {
  residual: NonNullable<FrameMeta['residual']>
  note: string | null
}) {
  return (
    <Tooltip label={note} maw={420}>
      <p className={style.note}>
        ‖M(Fx̂ − y)‖ / ‖My‖ = {value.toFixed(3)}
        {floor !== null && <span className="secondary">, of the ground truth itself {floor.toFixed(3)}</span>}
      </p>
    </Tooltip>
  )
}
