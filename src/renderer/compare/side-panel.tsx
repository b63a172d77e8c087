/** Right of the panes: all numbers in one table, the mask, and the run in focus with what can be done with it. */
import { Button, NumberInput, Select, Tooltip } from '@mantine/core'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { saveReconstruction } from '../actions.ts'
import { nmse, protocolText, psnr, samplingLabel, ssim } from '../format.ts'
import { useNetworkLabel, useScore, versionOf } from '../queries.ts'
import { FineTuneButton } from '../runs/fine-tune.tsx'
import { useView } from '../view.ts'
import { useFrame } from '../viewer/frames.ts'
import { sourceLabel } from '../viewer/pane.tsx'
import { type Comparison, type PaneState, SLOT_LABEL } from '../viewer/sources.ts'
import style from './side-panel.module.css'

export function SidePanel({ comparison }: { comparison: Comparison }) {
  const { volume, panes } = comparison
  const focus = useView(view => view.focus)
  if (!volume) return <aside className={style.panel} />
  const focused = panes.find(({ slot }) => slot === focus)!
  return (
    <aside className={style.panel} aria-label="Numbers, mask and run">
      <Numbers comparison={comparison} volume={volume} />
      <Mask volume={volume} panes={panes} />
      <Focused pane={focused} comparison={comparison} volume={volume} />
    </aside>
  )
}

function Numbers({ comparison, volume }: { comparison: Comparison; volume: StudyVolume }) {
  const rows = comparison.panes.filter(({ slot, source }) => slot !== 'error' && source !== null && source !== 'truth')
  return (
    <section className={style.section}>
      <h2>Volume, {volume.slices} slices</h2>
      {volume.targetShape ? (
        <table className={style.table}>
          <thead>
            <tr>
              <th />
              <th>SSIM</th>
              <th>PSNR</th>
              <th>NMSE</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(pane => (
              <NumbersRow key={pane.slot} pane={pane} volume={volume} />
            ))}
          </tbody>
        </table>
      ) : (
        <p className="secondary">No ground truth: reconstructed, not scored.</p>
      )}
    </section>
  )
}

function NumbersRow({ pane: { slot, source, run }, volume }: { pane: PaneState; volume: StudyVolume }) {
  const mask = useView(view => view.mask)
  const scored = !run?.arbitraryUnits
  const { data, isLoading } = useScore(volume.id, source, versionOf(run), mask, scored)
  const cell = (text: string) => (isLoading ? '…' : text)
  return (
    <Tooltip
      label={
        <span className={style.protocol}>
          {data ? protocolText(data.protocol, data.score.acceleration) : 'Not scored.'}
        </span>
      }
    >
      <tr>
        <th>{SLOT_LABEL[slot]}</th>
        {scored ? (
          <>
            <td>{cell(ssim(data?.score.ssim))}</td>
            <td>{cell(psnr(data?.score.psnr))}</td>
            <td>{cell(nmse(data?.score.nmse))}</td>
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

const KINDS: readonly { value: MaskSpec['kind']; label: string }[] = [
  { value: 'random', label: 'random' },
  { value: 'equispaced', label: 'equispaced' },
  { value: 'equispaced_fraction', label: 'equispaced fraction' },
]

function Mask({ volume, panes }: { volume: StudyVolume; panes: readonly PaneState[] }) {
  const mask = useView(view => view.mask)
  const input = panes.find(({ source }) => source === 'zero-filled') ?? null
  const { frame } = useFrame(input?.url ?? null)
  const change = (changes: Partial<MaskSpec>) => useView.setState({ mask: { ...mask, ...changes } })
  const own = volume.sampling.kind === 'sub-sampled'
  return (
    <section className={style.section}>
      <h2>Mask</h2>
      {own ? (
        <p className="secondary">Sub-sampled in the file: its own mask is used, none is added.</p>
      ) : (
        <div className={style.fields}>
          <Select
            label="Kind"
            data={KINDS.map(kind => ({ ...kind }))}
            value={mask.kind}
            onChange={kind => kind && change({ kind: kind as MaskSpec['kind'] })}
            allowDeselect={false}
          />
          <NumberInput
            label="Acceleration"
            value={mask.acceleration}
            min={1}
            max={16}
            suffix="×"
            onChange={value => Number(value) >= 1 && change({ acceleration: Number(value) })}
          />
          <NumberInput
            label="Centre"
            value={mask.centerFraction}
            min={0.02}
            max={1}
            step={0.02}
            decimalScale={3}
            onChange={value => Number(value) > 0 && change({ centerFraction: Number(value) })}
          />
        </div>
      )}
      <Strip mask={frame?.meta.mask ?? ''} />
      <p className="secondary">
        {[
          frame?.meta.acceleration && `really ${frame.meta.acceleration.toFixed(2)}×`,
          !own && 'seeded by the file’s name',
          samplingLabel(volume),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </section>
  )
}

/** The measured columns, one line each. */
function Strip({ mask }: { mask: string }) {
  return (
    <svg
      className={style.strip}
      viewBox={`0 0 ${mask.length || 1} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Measured columns: ${[...mask].filter(column => column === '1').length} of ${mask.length}`}
    >
      {[...mask].map((column, i) => (column === '1' ? <rect key={i} x={i} y={0} width={1} height={1} /> : null))}
    </svg>
  )
}

function Focused(props: { pane: PaneState; comparison: Comparison; volume: StudyVolume }) {
  const { pane, comparison, volume } = props
  const { source, run } = pane
  const network = useNetworkLabel(run?.network ?? '')
  if (source === null) return null
  const savable = source !== 'truth' && !run?.arbitraryUnits
  return (
    <section className={style.section}>
      <h2 className="truncate">{sourceLabel(source, comparison)}</h2>
      {run && (
        <p className="secondary">
          {network}
          {run.channels ? `-${run.channels}` : ''}, {run.epochs.done} of {run.epochs.planned} epochs, kept:{' '}
          {run.keptEpoch ? `epoch ${run.keptEpoch}` : 'as imported'}; seed {run.config.seed}
        </p>
      )}
      {run && <FineTuneButton run={run} />}
      {savable && <Button onClick={() => saveReconstruction(volume, source)}>Save reconstruction…</Button>}
    </section>
  )
}
