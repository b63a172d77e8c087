/** Figures 1 and 2 of a report: loss of the pre-training, and validation SSIM during training with ground truth. */
import type { ReproductionReport, ReproductionRow, RowTraining } from '../../contract/reproduction.ts'
import { type EpochFigures, HELD_OUT_CHANCE } from '../../contract/runs.ts'
import { METHODS } from '../../core/ssl/index.ts'
import { methodColour } from '../../presentation/colours.ts'
import {
  baselineOf,
  companion,
  type Group,
  groupsOf,
  type Line,
  linesOf,
  ownEpochLoss,
  ownLoss,
  pairs,
} from '../../presentation/lines.ts'
import { formatLoss, formatSsim } from '../../presentation/numbers.ts'
import { meanOf } from '../../presentation/statistics.ts'
import { axisOver, timeUnit } from './axis.ts'
import { SECONDARY, TEXT } from './drawing.ts'
import type { Panel, Point, Series } from './plot.ts'

/** A method has one colour in all reports. The colour of text if `method` is `null`. */
export const colourOf = (method: string | null): string =>
  (method && methodColour(method, Object.keys(METHODS))) || TEXT

/** Mean of curves by epoch, over the epochs that all curves have. */
function meanCurve(curves: readonly (readonly Point[])[]): Point[] {
  const [first = [], ...others] = curves
  return first.flatMap((point, index) => {
    const same = [point, ...others.flatMap(curve => curve[index] ?? [])]
    if (same.length < curves.length) return []
    return [{ x: meanOf(same.map(({ x }) => x))!, y: meanOf(same.map(({ y }) => y))! }]
  })
}

const pointsBy = (curve: readonly EpochFigures[], of: (figures: EpochFigures) => number | null): Point[] =>
  curve.flatMap(figures => {
    const y = of(figures)
    return y === null || !Number.isFinite(y) ? [] : [{ x: figures.epoch, y }]
  })

/** One line per method with a pre-training. */
function pretrainings(group: Group): Line[] {
  const lines = linesOf(group, 'fine-tuned', 'milestone', 'few labels').filter(({ rows }) =>
    rows.some(row => row.pretraining),
  )
  return lines.filter(({ method }, index) => lines.findIndex(other => other.method === method) === index)
}

/** Panels of the loss by epoch, one per method and network. Each panel has its own axis. */
export function lossPanels(report: ReproductionReport): Panel[] {
  return groupsOf(report).flatMap(group =>
    pretrainings(group).map(line => {
      const trainings = line.rows.flatMap(({ pretraining }) => pretraining ?? [])
      const all = (of: (figures: EpochFigures, training: RowTraining) => number | null) =>
        trainings
          .map(training => pointsBy(training.curve, figures => of(figures, training)))
          .filter(points => points.length > 0)
      const whole = trainings.some(each => ownLoss(each) === null)
      const training = all((figures, each) => (whole ? figures.loss : ownEpochLoss(each, figures)))
      const heldOut = all(({ validationLoss }) => validationLoss)
      const chance = meanOf(trainings.map(({ chanceLoss }) => chanceLoss))
      const heldOutChance = meanOf(
        trainings.map(({ curve }) => curve.findLast(({ extra }) => HELD_OUT_CHANCE in extra)?.extra[HELD_OUT_CHANCE]),
      )
      // A sum with the reconstruction term has no chance level. The levels then apply to the held-out loss.
      const levels = [
        ...(chance === null ? [] : [{ y: chance, label: `chance ${formatLoss(chance)}` }]),
        ...(heldOutChance === null || heldOutChance === chance
          ? []
          : [{ y: heldOutChance, label: `held-out chance ${formatLoss(heldOutChance)}` }]),
      ]
      const colour = colourOf(line.method)
      const faint = (curves: readonly Point[][], stroke: string): Series[] =>
        curves.length < 2 ? [] : curves.map(points => ({ label: null, points, colour: stroke, faint: true }))
      const series: Series[] = [
        ...faint(training, colour),
        ...faint(heldOut, SECONDARY),
        { label: whole ? 'training, with the term' : 'training', points: meanCurve(training), colour },
        { label: 'held out', points: meanCurve(heldOut), colour: SECONDARY, dash: '2 3' },
      ]
      const points = series.flatMap(one => one.points)
      return {
        title: line.name,
        subtitle: `${line.networkName}${trainings.length > 1 ? `; n = ${trainings.length}` : ''}`,
        colour,
        xName: 'epoch',
        yName: 'loss',
        x: axisOver(
          points.map(({ x }) => x),
          5,
          { whole: true },
        ),
        y: axisOver([...points.map(({ y }) => y), ...levels.map(({ y }) => y)], 6),
        series,
        levels,
      }
    }),
  )
}

const validated = ({ training }: ReproductionRow): readonly EpochFigures[] => training?.curve ?? []

/** SSIM by epoch, or by seconds of steps, pre-training included. */
function ssimCurve(row: ReproductionRow, by: 'epoch' | 'time'): Point[] {
  let seconds = row.pretraining?.seconds.steps ?? 0
  return validated(row).flatMap(({ epoch, seconds: spent, validation }) => {
    seconds += spent
    const x = by === 'epoch' ? epoch : seconds
    // NaN: the time of another device is unknown.
    return validation && !Number.isNaN(x) ? [{ x, y: validation.ssim }] : []
  })
}

const best = (points: readonly Point[]): number | null =>
  points.length === 0 ? null : Math.max(...points.map(({ y }) => y))

/**
 * Values for the range of the SSIM axis. The range below the best SSIM is twice the distance to the lowest final SSIM.
 * Otherwise the low SSIM of the first epochs would flatten the curves.
 */
function interesting(curves: readonly (readonly Point[])[]): number[] {
  const values = curves.flatMap(points => points.map(({ y }) => y))
  const lasts = curves.flatMap(points => points.at(-1)?.y ?? [])
  const [top, last] = [Math.max(...values), Math.min(...lasts)]
  return last < top ? values.filter(value => value >= top - 2 * (top - last)) : values
}

/** Two panels per method and network: by epoch and by time. Means over trainings with equal seeds and patients. */
export function ssimPanels(report: ReproductionReport): (readonly [byEpoch: Panel, byTime: Panel])[] {
  return groupsOf(report).flatMap(group => {
    const baseline = baselineOf(group)
    const rowsOf = (line: Line) => {
      const of = (other: Line | undefined) => pairs(line, other).map(([, row]) => row)
      return {
        tuned: line.rows,
        control: of(companion(group, line, 'control')),
        equalTime: of(companion(group, line, 'control of equal time')),
        baseline: of(baseline),
      }
    }
    const seriesOf = (line: Line, by: 'epoch' | 'time', unit: number): Series[] => {
      const rows = rowsOf(line)
      const mean = (of: readonly ReproductionRow[]) =>
        meanCurve(of.map(row => ssimCurve(row, by))).map(({ x, y }) => ({ x: x / unit, y }))
      return [
        { label: 'baseline', points: mean(rows.baseline), colour: TEXT },
        { label: 'equal time', points: mean(rows.equalTime), colour: SECONDARY, dash: '2 3' },
        { label: 'control', points: mean(rows.control), colour: SECONDARY, dash: '7 4' },
        { label: 'fine-tuned', points: mean(rows.tuned), colour: colourOf(line.method) },
      ]
    }
    const tuned = linesOf(group, 'fine-tuned')
    const curves = tuned.flatMap(line => seriesOf(line, 'time', 1).map(({ points }) => points))
    const y = axisOver(interesting(curves), 5)
    const [unit, unitName] = timeUnit(Math.max(0, ...curves.flat().map(({ x }) => x)))
    return tuned.map(line => {
      const rows = rowsOf(line).baseline
      const bound = meanOf(rows.map(row => best(ssimCurve(row, 'epoch'))))
      const total = meanOf(rows.map(({ totalSeconds }) => totalSeconds))
      const panel = (by: 'epoch' | 'time'): Panel => {
        const series = seriesOf(line, by, by === 'epoch' ? 1 : unit)
        const n = line.rows.length > 1 ? `; n = ${line.rows.length}` : ''
        return {
          title: by === 'epoch' ? line.name : '',
          subtitle: by === 'epoch' ? `${line.networkName}${n}` : '',
          colour: colourOf(line.method),
          xName: by === 'epoch' ? 'epoch of training with ground truth' : `total time with pre-training, ${unitName}`,
          yName: 'SSIM',
          x: axisOver([0, ...series.flatMap(({ points }) => points.map(({ x }) => x))], 6, {
            from: 0,
            whole: by === 'epoch',
          }),
          y,
          series,
          levels: bound === null ? [] : [{ y: bound, label: `best ${formatSsim(bound)}`, colour: TEXT }],
          marks:
            by === 'time' && total !== null ? [{ x: (0.6 * total) / unit, label: '60 % of the baseline’s total' }] : [],
        }
      }
      return [panel('epoch'), panel('time')] as const
    })
  })
}
