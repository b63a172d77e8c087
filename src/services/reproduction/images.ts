/** Figure 3: one slice of a fold's first test volume, reconstructed by all trained networks of a seed. */
import type { ReproductionReport, ReproductionRow } from '../../contract/reproduction.ts'
import { mayHaveTruth, selectSlices } from '../../contract/volumes.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import type { Calls, Comparison, ModelReference } from '../../engine/process/protocol.ts'
import { networkName } from '../../presentation/lines.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import type { ReportImages } from '../reports/index.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf, readyVolume } from '../studies/contents/ready.ts'
import { volumesOf } from '../studies/studies.ts'
import { choiceOf } from './classical.ts'
import { type Plan, seedsOf } from './plan.ts'
import { type Weights, weightsOfRow } from './scores.ts'
import { survey } from './survey.ts'

export const modelOfWeights = ({ run, path }: Weights): ModelReference => ({
  ...trainedNetwork(run.config),
  checkpoint: path,
})

/** The last comparison. It is kept because the window asks again whenever another part of the report changes. */
const kept = new WeakMap<EnginePool, { readonly key: string; readonly comparison: Comparison }>()

/** One slice by each reconstructor. `null` is zero-filling. */
export async function compare(
  engines: EnginePool,
  params: Calls['compare']['params'],
  signal?: AbortSignal,
): Promise<Comparison> {
  const key = JSON.stringify(params)
  const last = kept.get(engines)
  if (last?.key === key) return last.comparison
  const comparison = await engines.pictures.call('compare', params, { signal })
  kept.set(engines, { key, comparison })
  return comparison
}

/** The slice of a fold for figures: the middle one of the selected slices of the first test volume. */
export async function shownSlice(opened: OpenProfile, { folds, mask }: Plan, fold: number, signal?: AbortSignal) {
  const { study } = folds[fold]
  const [{ id }] = volumesOf(study, 'test').filter(mayHaveTruth)
  const volume = await readyVolume(opened, id, signal)
  const slices = selectSlices(study.slices, volume.slices)
  const slice = slices[slices.length >> 1]
  const caption = [
    `${volume.file}, slice ${slice + 1} of ${volume.slices}`,
    ...(volume.acquisition ? [volume.acquisition] : []),
  ]
  return {
    place: { ...fileOf(volume), salt: opened.profile.salt, slice, mask },
    caption,
    metricsOf: ({ volumes }: ReproductionRow) => volumes.find(({ file }) => file === volume.file) ?? null,
  }
}

export async function imagesOf(
  opened: OpenProfile,
  plan: Plan,
  report: ReproductionReport,
  signal?: AbortSignal,
): Promise<ReportImages> {
  const { finished } = survey(opened.profile, plan)
  const weightsOfPart = (fold: number, seed: number) =>
    plan.rows
      .filter(row => row.kind === 'fine-tuned' && row.fold === fold && row.seed === seed)
      .filter(row => weightsOfRow(opened.profile, plan, row, finished).pretrained).length
  // The fold and seed with the most weights in this profile. A report from another machine has rows without weights.
  const [{ fold, seed }] = plan.folds
    .flatMap((_, fold) => seedsOf(plan.request).map(seed => ({ fold, seed })))
    .map(part => ({ ...part, weights: weightsOfPart(part.fold, part.seed) }))
    .toSorted((a, b) => b.weights - a.weights || a.seed - b.seed || a.fold - b.fold)
  const { name } = plan.folds[fold]
  const { place, caption, metricsOf } = await shownSlice(opened, plan, fold, signal)

  const rowsOf = (kind: ReproductionRow['kind']) =>
    plan.rows
      .filter(row => row.kind === kind && row.fold === fold && (row.training === null || row.seed === seed))
      .flatMap(planned => {
        const row = report.rows.find(({ key }) => key === planned.key)
        const found = weightsOfRow(opened.profile, plan, planned, finished)
        return row && (found.weights || planned.training === null) ? [{ row, planned, ...found }] : []
      })
  const [zeroFilled] = rowsOf('zero-filled')
  const classical = rowsOf('classical')
  const baselines = rowsOf('baseline')
  const methods = rowsOf('fine-tuned')

  const reconstructors = [
    null,
    ...classical.map(({ row }) => choiceOf(row.classical!)),
    ...baselines.map(({ weights }) => modelOfWeights(weights!)),
    ...methods.flatMap(({ weights, pretrained }) => [modelOfWeights(pretrained!), modelOfWeights(weights!)]),
  ]
  const { shape, truth, maximum, images } = await compare(opened.engines, { ...place, reconstructors }, signal)
  const [first, ...others] = images
  const ofClassical = others.splice(0, classical.length)
  const ofBaselines = others.splice(0, baselines.length)
  return {
    caption: [...caption, ...(plan.folds.length > 1 ? [`${name} left out`] : []), `seed ${seed}`].join(', '),
    shape,
    truth,
    maximum,
    zeroFilled: first,
    zeroFilledMetrics: zeroFilled ? metricsOf(zeroFilled.row) : null,
    classical: classical.map(({ row }, i) => ({ label: row.label, image: ofClassical[i], metrics: metricsOf(row) })),
    baselines: baselines.map(({ row }, i) => ({
      label: `${row.label}, ${networkName(row)}`,
      image: ofBaselines[i],
      metrics: metricsOf(row),
    })),
    methods: methods.map(({ row, planned }, i) => ({
      method: row.method!,
      label: row.methodLabel! + (row.network === planned.block ? `, ${networkName(row)}` : ''),
      pretrained: others[2 * i],
      fineTuned: others[2 * i + 1],
      metrics: metricsOf(row),
    })),
  }
}
