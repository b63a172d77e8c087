/**
 * Whether a pre-training learns anything: small plots of its own figures, each with what it means, and its warnings.
 */
import { useMemo } from 'react'
import type { RunDetail, RunView } from '../../contract/runs.ts'
import { runColour } from '../../presentation/colours.ts'
import { formatLoss } from '../../presentation/numbers.ts'
import { useCatalogue } from '../app/queries.ts'
import { Plot } from '../widgets/plot.tsx'
import { curvesOf, type Points } from './curves.ts'
import style from './health.module.css'
import { type HealthFigure, healthOf, ownLossesOf, warningsOf } from './health-figures.ts'

interface Line {
  readonly name: string
  readonly points: Points
  readonly dotted?: boolean
}

export function Health({ run, detail }: { run: RunView; detail: RunDetail }) {
  const { data: catalogue } = useCatalogue()
  const declared = catalogue?.methods.find(({ id }) => id === run.method)?.figures
  const figures = useMemo(() => (declared ? healthOf(detail.events, declared) : []), [detail.events, declared])
  const curves = useMemo(() => curvesOf(detail, 'epoch', false), [detail])
  const warnings = useMemo(() => warningsOf(detail.events), [detail.events])
  const chance = run.summary?.chanceLoss ?? null
  const beside = figures.find(({ isLoss }) => isLoss)
  const own = useMemo(() => ownLossesOf(detail.events), [detail.events])
  const hasTerm = (run.config.pretext?.reconstruction ?? 0) > 0
  // An older program wrote down the sum with the reconstruction term alone, which no level fits.
  const training = { name: 'training', points: own.training ?? curves.loss }
  const heldOut = { name: 'held-out patients', points: curves.validationLoss, dotted: true }
  const whole = hasTerm && !own.training
  const heldOutChance = own.heldOutChance ?? chance
  const apart = whole || (chance !== null && heldOutChance !== chance)
  const at = (value: number | null, label = 'chance') => (value === null ? null : { value, label })
  const other = at(beside?.points.y.at(-1) ?? null, beside?.label)
  const losses: LossPlot[] = apart
    ? [
        { label: 'Loss', lines: [training], level: whole ? null : at(chance), meaning: whole ? WITH_TERM : 'training' },
        {
          label: 'Held-out loss',
          lines: [heldOut],
          level: at(heldOutChance) ?? other,
          meaning: 'patients outside training',
        },
      ]
    : [
        {
          label: 'Loss',
          lines: [training, heldOut],
          level: at(chance ?? heldOutChance) ?? other,
          meaning: 'solid: training, dotted: held-out patients',
        },
      ]
  return (
    <section className={style.health} aria-label="Health of the pre-training">
      <h3>
        Does it learn? <span className={style.now}>by epoch</span>
      </h3>
      {warnings.length > 0 && (
        <ul className={style.warnings}>
          {warnings.map(({ text, epoch }) => (
            <li key={text}>
              {epoch !== null && `After epoch ${epoch}: `}
              {text}
            </li>
          ))}
        </ul>
      )}
      {curves.loss.x.length === 0 ? (
        <p className="secondary">The figures appear after the first epoch.</p>
      ) : (
        <div className={style.plots}>
          {losses.map(({ label, lines, level, meaning }) => (
            <Small
              key={label}
              {...{ run, label, level }}
              lines={lines.filter(({ points }) => points.x.length > 0)}
              meaning={lossMeaning(meaning, level, beside)}
              bounds={null}
            />
          ))}
          {figures
            .filter(({ isLoss }) => !isLoss)
            .map(({ name, label, meaning, points, bounds, level: at }) => (
              <Small key={name} {...{ run, label, meaning, bounds }} lines={[{ name: label, points }]} level={at} />
            ))}
        </div>
      )}
    </section>
  )
}

interface LossPlot {
  readonly label: string
  readonly lines: readonly Line[]
  readonly level: HealthFigure['level']
  readonly meaning: string
}

const WITH_TERM = 'training, the reconstruction term included'

function lossMeaning(meaning: string, level: HealthFigure['level'], beside: HealthFigure | undefined): string {
  if (!level) return meaning
  if (level.label === 'chance') return `${meaning}; at chance level the loss is ${formatLoss(level.value)}`
  return `${meaning}; dashed: ${beside?.meaning}`
}

interface SmallProps {
  readonly run: RunView
  readonly label: string
  readonly meaning: string
  readonly lines: readonly Line[]
  readonly level: HealthFigure['level']
  readonly bounds: HealthFigure['bounds']
}

const number = (value: number) => (Number.isInteger(value) ? String(value) : value.toPrecision(3))

function Small({ run, label, meaning, lines, level, bounds }: SmallProps) {
  const colour = runColour(run.id)
  const last = lines[0]?.points.y.at(-1)
  return (
    <figure className={style.small}>
      <figcaption className={style.caption}>
        <span className={style.label}>
          {label} <span className={style.now}>{last === undefined ? '' : number(last)}</span>
        </span>
        <span className={style.meaning}>{meaning}</span>
      </figcaption>
      <div className={style.plot}>
        <Plot
          label={`${label} by epoch`}
          x=""
          y=""
          compact
          bounds={bounds ?? undefined}
          whole={bounds !== null}
          level={level ?? undefined}
          data={lines.map(({ name, points, dotted }) => ({
            ...points,
            type: 'scatter' as const,
            mode: 'lines+markers' as const,
            marker: { size: 4 },
            line: { color: colour, width: 1.75, ...(dotted && { dash: 'dot' as const }) },
            name,
          }))}
        />
      </div>
    </figure>
  )
}
