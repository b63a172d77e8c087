/** Right of the panes: all numbers in one table, the mask, and the run in focus with what can be done with it. */
import { Button, Menu, Tooltip } from '@mantine/core'
import { Fragment } from 'react'
import type { ExportFormat } from '../../contract/exports.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { count, formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { CLASSICAL_CAUTION, protocolLines } from '../../presentation/protocol.ts'
import { errorText } from '../app/client.ts'
import { useNetworkLabel } from '../app/queries.ts'
import { scoreCautions } from '../viewer/network-cautions.ts'
import { useScore } from '../viewer/score.ts'
import { type Comparison, isClassical, type PaneState, shortLabel, sourceLabel, usePlace } from '../viewer/sources.ts'
import { useView } from '../viewer/view.ts'
import { FineTuneButton } from '../widgets/fine-tune.tsx'
import { MaskPanel } from './mask-panel.tsx'
import { MeasurePanel } from './measure-panel.tsx'
import { ForegroundHead, MetricsHead } from './metrics-head.tsx'
import { saveKspace, saveReconstruction } from './save.ts'
import style from './side-panel.module.css'

/** Of its parts, those that depend on the slice look at it themselves. */
export function SidePanel({ comparison }: { comparison: Comparison }) {
  const { volume, panes } = comparison
  const focus = useView(view => view.focus)
  if (!volume) return <aside className={style.panel} />
  const focused = panes[focus]
  return (
    <aside className={style.panel} aria-label="Metrics, mask and run">
      <Numbers comparison={comparison} volume={volume} />
      <MeasurePanel comparison={comparison} volume={volume} />
      <MaskPanel volume={volume} />
      {focused && <Focused pane={focused} comparison={comparison} volume={volume} />}
    </aside>
  )
}

function Numbers({ comparison, volume }: { comparison: Comparison; volume: StudyVolume }) {
  const scored = comparison.panes.filter(({ source }) => source !== null && source !== 'truth')
  const rows = scored.filter((pane, i) => scored.findIndex(({ source }) => source === pane.source) === i)
  const classical = rows.some(isClassical)
  return (
    <section className={style.section}>
      <h2>Volume, {volume.slices} slices</h2>
      {volume.targetShape ? (
        <>
          <table className={`${style.table} ${style.sources}`}>
            {classical ? <ForegroundHead /> : <MetricsHead />}
            <tbody>
              {rows.map(pane => (
                <NumbersRow key={pane.pane} {...{ pane, volume, foreground: classical }} />
              ))}
            </tbody>
          </table>
          {classical && <p className="secondary">{CLASSICAL_CAUTION}</p>}
        </>
      ) : (
        <p className="secondary">No ground truth: the volume can be reconstructed but not scored.</p>
      )}
    </section>
  )
}

interface RowProps {
  readonly pane: PaneState
  readonly volume: StudyVolume
  /** SSIM of the whole image, then the scores of the foreground. Otherwise the scores of the whole image. */
  readonly foreground: boolean
}

function NumbersRow({ pane, volume, foreground }: RowProps) {
  const { source, run } = pane
  const name = shortLabel(pane)
  const scored = !run?.arbitraryUnits
  const { data, isPending, error, onDemand, work } = useScore({ source, run }, volume, scored)
  const waits = isPending && (!onDemand || work !== null)
  const inside = data?.score.foreground
  const cell = (text: string) => (waits ? '…' : text)
  const without = error
    ? errorText(error)
    : data === null
      ? 'No metric applies.'
      : onDemand
        ? 'Press “Score volume” below the image.'
        : ''
  return (
    <Tooltip
      label={
        <span className={style.protocol}>
          {data
            ? [protocolLines(data.protocol, data.score), ...scoreCautions(run, volume)].join('\n')
            : `Not scored. ${without}`}
        </span>
      }
    >
      <tr>
        <th scope="row" title={name}>
          {name}
        </th>
        {scored ? (
          <>
            <td>{cell(formatSsim(data?.score.ssim))}</td>
            <td>{cell(foreground ? formatSsim(inside?.ssim) : formatPsnr(data?.score.psnr))}</td>
            <td>{cell(formatNmse((foreground ? inside : data?.score)?.nmse))}</td>
          </>
        ) : (
          <td colSpan={3} className="secondary">
            arbitrary units
          </td>
        )}
      </tr>
    </Tooltip>
  )
}

function Focused(props: { pane: PaneState; comparison: Comparison; volume: StudyVolume }) {
  const { pane, comparison, volume } = props
  const { source, run } = pane
  const network = useNetworkLabel(run?.network ?? '')
  if (source === null) return null
  const savable = source !== 'truth' || volume.targetShape !== null
  return (
    <section className={style.section}>
      <h2 className="truncate">{sourceLabel(source, comparison)}</h2>
      {run && (
        <p className="secondary">
          {network}
          {run.channels ? `-${run.channels}` : ''}, {run.epochs.done} of {count(run.epochs.planned, 'epoch')}, weights
          of {run.keptEpoch ? `epoch ${run.keptEpoch}` : 'the imported file'}; seed {run.config.seed}
        </p>
      )}
      {run && <FineTuneButton run={run} />}
      {savable && <SaveMenu pane={pane} volume={volume} source={source} />}
    </section>
  )
}

const FORMATS: readonly { format: ExportFormat; label: string }[] = [
  { format: 'hdf5', label: 'fastMRI HDF5 (.h5)' },
  { format: 'npy', label: 'NumPy (.npy)' },
  { format: 'nifti', label: 'NIfTI' },
  { format: 'dicom', label: 'DICOM' },
]

interface SaveProps {
  readonly pane: PaneState
  readonly volume: StudyVolume
  readonly source: string
}

const SaveMenu = (props: SaveProps) => (
  <Menu width={220} position="bottom-start">
    <Menu.Target>
      <Button>Save reconstruction…</Button>
    </Menu.Target>
    <Menu.Dropdown>
      <SaveItems {...props} />
      <Menu.Label>Measured data</Menu.Label>
      <Menu.Item onClick={() => void saveKspace(props.volume)}>k-space for other toolboxes</Menu.Item>
    </Menu.Dropdown>
  </Menu>
)

function SaveItems({ pane, volume, source }: SaveProps) {
  const { slice } = usePlace(pane, volume)
  const parts = [
    { label: `All ${volume.slices} slices`, which: null },
    { label: `Slice ${slice + 1}`, which: slice },
  ]
  return parts.map(({ label, which }) => (
    <Fragment key={label}>
      <Menu.Label>{label}</Menu.Label>
      {FORMATS.map(each => (
        <Menu.Item
          key={each.format}
          disabled={each.format === 'dicom' && pane.run?.arbitraryUnits}
          onClick={() => void saveReconstruction({ volume, source, format: each.format, slice: which })}
        >
          {each.label}
        </Menu.Item>
      ))}
    </Fragment>
  ))
}
