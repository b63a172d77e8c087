/** The curve of a tuning: the criterion over λ, a line per number of iterations, and the protocol. */
import type { Data } from 'plotly.js'
import type { Tuning } from '../../contract/tuning.ts'
import { lineColour } from '../../presentation/colours.ts'
import { count } from '../../presentation/numbers.ts'
import { protocolSentence } from '../../presentation/protocol.ts'
import { bestPoint, CRITERION_LABELS, edgeInWords, formatCriterion } from '../../presentation/tuning.ts'
import { Plot } from '../widgets/plot.tsx'
import { token } from '../widgets/token.ts'
import style from './classical-dialog.module.css'

export function Curve({ tuning }: { readonly tuning: Tuning }) {
  const { criterion, points, volumes, study, zeroFilled, skipped, protocol } = tuning
  const best = bestPoint(tuning)
  const label = CRITERION_LABELS[criterion]
  const iterations = [...new Set(points.map(point => point.iterations))]
  const words =
    `The ${label} is best with λ ${best.lambda} and ${best.iterations} iterations: ` +
    `${formatCriterion(criterion, best.mean)}, zero-filled ${formatCriterion(criterion, zeroFilled)}.`
  return (
    <>
      <p>
        {words} Mean over {count(volumes.length, 'validation volume')} of {study.name}.
      </p>
      <ul className={style.legend}>
        {iterations.map((number, i) => (
          <li key={number}>
            <span className={style.swatch} style={{ background: lineColour(i) }} />
            {number} iterations
          </li>
        ))}
        <li>
          <span className={style.dot} />
          single volumes
        </li>
        <li>
          <span className={style.ring} />
          chosen
        </li>
      </ul>
      <div className={style.plot}>
        <Plot
          label={`The ${label} over λ. ${words}`}
          x="λ"
          y={label}
          plain
          logarithmic={criterion === 'foreground-ssim' ? 'x' : 'xy'}
          data={[
            ...iterations.flatMap((number, i) => linesOf(tuning, number, lineColour(i))),
            {
              x: [best.lambda],
              y: [best.mean],
              mode: 'markers',
              marker: { symbol: 'circle-open', size: 14, color: token('--text'), line: { width: 2 } },
              hoverinfo: 'skip',
            },
          ]}
          {...(zeroFilled !== null && { level: { value: zeroFilled, label: 'zero-filled' } })}
        />
      </div>
      {edgeInWords(tuning).map(caution => (
        <p key={caution} className={style.caution}>
          {caution}
        </p>
      ))}
      {skipped.map(({ path, reason }) => (
        <p key={path} className={style.caution}>
          Left out: {reason}
        </p>
      ))}
      <details className={style.protocol}>
        <summary>Protocol and volumes</summary>
        <p>{protocolSentence(protocol)}</p>
        <p>{volumes.map(({ file }) => file).join(', ')}</p>
      </details>
    </>
  )
}

/** The mean of each λ as a line, and the volumes as points. */
function linesOf({ points, volumes }: Tuning, iterations: number, colour: string): Data[] {
  const own = points.filter(point => point.iterations === iterations)
  return [
    {
      x: own.map(({ lambda }) => lambda),
      y: own.map(({ mean }) => mean),
      name: `${iterations} iterations`,
      mode: 'lines+markers',
      line: { color: colour, width: 2 },
      marker: { size: 4 },
      hovertemplate: `%{y:.4f}`,
    },
    {
      x: own.flatMap(({ lambda }) => volumes.map(() => lambda)),
      y: own.flatMap(({ scores }) => scores),
      mode: 'markers',
      marker: { color: colour, size: 4, opacity: 0.45 },
      hoverinfo: 'skip',
    },
  ].map(data => data as Data)
}
