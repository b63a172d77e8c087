/** Curves of one or several runs, and where their configurations differ. */
import { SegmentedControl, Switch } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import type { RunDetail, RunView } from '../../contract/runs.ts'
import { runColour } from '../../presentation/colours.ts'
import { formatSsim } from '../../presentation/numbers.ts'
import { client } from '../app/client.ts'
import { runLabel } from '../app/format.ts'
import { Plot } from '../widgets/plot.tsx'
import { type Axis, type Curves, curvesOf, differences } from './curves.ts'
import style from './runs.module.css'

/** Details of several runs, each once they are there. */
function useDetails(shown: readonly string[]): RunDetail[] {
  const results = useQueries({
    queries: shown.map(run => ({ queryKey: ['run', run], queryFn: () => client.runs.get({ run }) })),
  })
  return results.flatMap(({ data }) => (data ? [data] : []))
}

interface Line {
  readonly run: RunView
  readonly curves: Curves
}

export function CurvesPanel({ shown, runs }: { shown: readonly string[]; runs: readonly RunView[] }) {
  const [axis, setAxis] = useState<Axis>('epoch')
  const [withParents, setWithParents] = useState(true)
  const details = useDetails(shown)
  const lines = details.map((detail): Line => ({ run: detail.run, curves: curvesOf(detail, axis, withParents) }))
  const x =
    axis === 'epoch' ? 'epoch' : withParents ? 'seconds of training, pre-training included' : 'seconds of training'
  return (
    <>
      <header className={style.head}>
        <h2 className="truncate">
          {shown.length > 1 ? `Runs ${shown.join(', ')}` : shown.length === 1 ? `Run ${shown[0]}` : 'Curves'}
        </h2>
        <span className={style.legend}>
          {details.length > 1 && details.map(({ run }) => <Key key={run.id} run={run} />)}
        </span>
        <span className={style.spacer} />
        {axis === 'time' && (
          <Switch
            size="xs"
            label="with pre-training"
            checked={withParents}
            onChange={event => setWithParents(event.currentTarget.checked)}
          />
        )}
        <SegmentedControl
          aria-label="Horizontal axis"
          value={axis}
          onChange={value => setAxis(value as Axis)}
          data={[
            { value: 'epoch', label: 'by epoch' },
            { value: 'time', label: 'by time' },
          ]}
        />
      </header>
      <div className={style.plots}>
        <div className={style.plot}>
          <LossPlot lines={lines} x={x} />
        </div>
        <div className={style.plot}>
          <SsimPlot lines={lines} x={x} />
        </div>
      </div>
      {details.length > 1 && <Differences details={details} runs={runs} />}
    </>
  )
}

/** A run in the legend. */
const Key = ({ run }: { run: RunView }) => (
  <span className={style.legendItem}>
    <span className={style.swatch} style={{ background: runColour(run.id) }} />
    <span className="truncate">
      {run.id} {runLabel(run)}
    </span>
  </span>
)

interface PlotProps {
  readonly lines: readonly Line[]
  readonly x: string
}

const drawn = { type: 'scatter' as const, mode: 'lines+markers' as const, marker: { size: 4 } }
const line = (run: RunView, dash?: 'dot') => ({ color: runColour(run.id), width: 1.75, ...(dash && { dash }) })

function LossPlot({ lines, x }: PlotProps) {
  return (
    <>
      <Plot
        label="Loss"
        x={x}
        y="loss (dots: steps)"
        data={lines.flatMap(({ run, curves }) => [
          {
            ...curves.steps,
            type: 'scatter' as const,
            mode: 'markers' as const,
            marker: { color: runColour(run.id), size: 3, opacity: 0.35 },
            name: `Run ${run.id}, step`,
            hoverinfo: 'skip' as const,
          },
          { ...curves.loss, ...drawn, line: line(run), name: `Run ${run.id}, training` },
          { ...curves.validationLoss, ...drawn, line: line(run, 'dot'), name: `Run ${run.id}, validation` },
        ])}
      />
      {lines.length > 0 && lines.every(({ curves: { steps, loss } }) => steps.x.length + loss.x.length === 0) && (
        <p className={style.plotNote}>No step yet.</p>
      )}
    </>
  )
}

function SsimPlot({ lines, x }: PlotProps) {
  return (
    <>
      <Plot
        label="Validation SSIM"
        bounds={[0, 1]}
        x={x}
        y="validation SSIM"
        data={lines.map(({ run, curves }) => ({ ...curves.ssim, ...drawn, line: line(run), name: `Run ${run.id}` }))}
      />
      {lines.length > 0 && lines.every(({ curves }) => curves.ssim.x.length === 0) && (
        <p className={style.plotNote}>
          {lines.every(({ run }) => run.arbitraryUnits)
            ? 'A pre-training has no SSIM: its output is in arbitrary units.'
            : 'No validated epoch yet.'}
        </p>
      )}
    </>
  )
}

function Differences({ details, runs }: { details: readonly RunDetail[]; runs: readonly RunView[] }) {
  const rows = differences(details)
  if (rows.length === 0) return null
  return (
    <table className={style.differences}>
      <caption>Where their configurations differ</caption>
      <thead>
        <tr>
          <th />
          {details.map(({ run }) => (
            <th key={run.id}>run {run.id}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ path, values }) => (
          <tr key={path}>
            <th className="mono">{path}</th>
            {values.map((value, i) => (
              <td key={details[i].run.id}>{value}</td>
            ))}
          </tr>
        ))}
        <tr>
          <th>validation SSIM, kept weights</th>
          {details.map(({ run }) => (
            <td key={run.id}>{formatSsim(runs.find(({ id }) => id === run.id)?.metrics?.ssim)}</td>
          ))}
        </tr>
      </tbody>
    </table>
  )
}
