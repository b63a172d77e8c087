/** Figures 5 and 6 of a report: SSIM by the number of patients with ground truth, and by epochs of pre-training. */
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { baselineOf, companion, type Group, groupsOf, type Line } from '../../presentation/lines.ts'
import { formatSsim } from '../../presentation/numbers.ts'
import { spreadOf } from '../../presentation/statistics.ts'
import { fewLabels, methodsIn, milestoneLines, pretrainedEpochs } from '../../presentation/ways.ts'
import { axisOver } from './axis.ts'
import { colourOf } from './curves.ts'
import { SECONDARY, TEXT } from './drawing.ts'
import type { Panel, Point, Series } from './plot.ts'

function pointAt(x: number | null, line: Line | undefined): Point[] {
  const spread = spreadOf(line?.rows.map(row => row.metrics.ssim) ?? [])
  return spread && x !== null ? [{ x, y: spread.mean, sd: spread.sd }] : []
}

/** A panel whose axes cover its points, whiskers and levels. */
function pointsPanel(panel: Omit<Panel, 'x' | 'y' | 'yName'>): Panel {
  const points = panel.series.flatMap(series => series.points)
  const ends = points.flatMap(({ y, sd }) => [y - (sd ?? 0), y + (sd ?? 0)])
  return {
    ...panel,
    yName: 'SSIM',
    x: axisOver(
      points.map(({ x }) => x),
      5,
      { whole: true },
    ),
    y: axisOver([...ends, ...panel.levels.map(({ y }) => y)], 6),
  }
}

const subtitle = ({ name }: Group) => name ?? ''

export function fewLabelPanels(report: ReproductionReport): Panel[] {
  return groupsOf(report).flatMap(group =>
    methodsIn(group, 'few labels').map(method => {
      const all = fewLabels(group, method)
      const colour = colourOf(method)
      return pointsPanel({
        title: all[0].tuned.name,
        subtitle: subtitle(group),
        colour,
        xName: 'patients with ground truth',
        series: [
          {
            label: 'control',
            points: all.flatMap(({ patients, control }) => pointAt(patients, control)),
            colour: SECONDARY,
            dash: '7 4',
            marked: true,
            shift: -3,
          },
          {
            label: 'fine-tuned',
            points: all.flatMap(({ patients, tuned }) => pointAt(patients, tuned)),
            colour,
            marked: true,
            shift: 3,
          },
        ],
        levels: [],
      })
    }),
  )
}

export function milestonePanels(report: ReproductionReport): Panel[] {
  return groupsOf(report).flatMap(group =>
    methodsIn(group, 'milestone').map(method => {
      const lines = milestoneLines(group, method)
      const colour = colourOf(method)
      const series: Series = {
        label: 'fine-tuned',
        points: lines.flatMap(line => pointAt(pretrainedEpochs(line), line)),
        colour,
        marked: true,
      }
      const level = (name: string, line: Line | undefined, stroke: string) =>
        pointAt(0, line).map(({ y }) => ({ y, label: `${name} ${formatSsim(y)}`, colour: stroke }))
      return pointsPanel({
        title: lines[0].name,
        subtitle: subtitle(group),
        colour,
        xName: 'epochs of pre-training',
        series: [series],
        levels: [
          ...level('control', companion(group, lines[0], 'control'), SECONDARY),
          ...level('baseline', baselineOf(group), TEXT),
        ],
      })
    }),
  )
}
