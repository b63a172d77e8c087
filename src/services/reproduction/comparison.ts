/** Figure 3 of a demonstration: one test slice, reconstructed by every network. */
import type { ReproductionReport, RowKind } from '../../contract/reproduction.ts'
import type { Profile } from '../profile/profile.ts'
import { type Comparison, ERROR_SHARE, type Pane } from '../reports/index.ts'
import { methodOf } from '../runs/catalogue.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { compare, modelOfWeights, shownSlice } from './images.ts'
import type { Plan } from './plan.ts'
import { type Weights, weightsOfRow } from './scores.ts'
import { survey } from './survey.ts'

/** A pane before its image is computed. */
interface Planned extends Pick<Pane, 'title' | 'units'> {
  /** Kind of the row with the pane's score. `null`: the pane has no score. */
  readonly kind: RowKind | null
  readonly weights: Weights
}

/** The trained networks, in the order of the panes. */
function networksOf(profile: Profile, plan: Plan): Planned[] {
  const { finished } = survey(profile, plan)
  const networks = (kind: RowKind, title: string): Planned[] => {
    const row = plan.rows.find(each => each.kind === kind)!
    const { weights, pretrained } = weightsOfRow(profile, plan, row, finished)
    const before = `${row.method && methodOf(row.method).label} pre-trained`
    return [
      ...(pretrained ? [{ title: before, units: 'arbitrary' as const, kind: null, weights: pretrained }] : []),
      ...(weights ? [{ title, units: 'signal' as const, kind, weights }] : []),
    ]
  }
  return [
    ...networks('fine-tuned', 'Fine-tuned'),
    ...networks('control', 'Control'),
    ...networks('baseline', 'Baseline'),
  ]
}

export async function comparisonOf(
  opened: OpenProfile,
  plan: Plan,
  report: ReproductionReport,
  signal?: AbortSignal,
): Promise<Comparison> {
  const networks = networksOf(opened.profile, plan)
  const { place, caption, metricsOf } = await shownSlice(opened, plan, 0, signal)
  const reconstructors = [null, ...networks.map(({ weights }) => modelOfWeights(weights))]
  const { shape, truth, images, maximum } = await compare(opened.engines, { ...place, reconstructors }, signal)
  const metrics = (kind: RowKind | null) => {
    const row = report.rows.find(each => each.kind === kind)
    return row ? metricsOf(row) : null
  }
  const pane = ({ title, units, kind }: Omit<Planned, 'weights'>, run: string | null, image: Float32Array): Pane => ({
    title,
    run,
    image,
    units,
    metrics: metrics(kind),
    error: kind && truth && image.map((value, i) => Math.abs(value - truth[i])),
  })
  return {
    title: report.study,
    caption: caption.join(', '),
    shape,
    panes: [
      pane({ title: 'Sub-sampled input', units: 'signal', kind: 'zero-filled' }, null, images[0]),
      ...networks.map((network, i) => pane(network, network.weights.run.id, images[1 + i])),
      ...(truth ? [pane({ title: 'Ground truth', units: 'signal', kind: null }, null, truth)] : []),
    ],
    window: [0, maximum],
    errorMaximum: ERROR_SHARE * maximum,
    origin: report.origin,
    protocol: report.protocol,
    remarks: report.remarks,
  }
}
