/**
 * The main job: the report's Table 1 on a study, at demonstration scale. Zero-filled; SimCLR pre-training and fine-tuning; the control, which is
 * the same fine-tuning from the same seed without pre-training; a longer baseline from scratch. Scored on the study's test patients.
 */
import { join } from 'node:path'
import { strToU8 } from 'fflate'
import { type Evaluation, MaskSpec } from '../../contract/evaluation.ts'
import type { RunConfig, RunRow } from '../../contract/runs.ts'
import type { Report, ReportRow } from '../../contract/training-summary.ts'
import { type Destination, writeAll } from '../../engine/files/written.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { type Comparison, comparisonPng, comparisonSvg, type Pane, reportPage } from '../reports/index.ts'
import { FINE_TUNING, FROM_SCRATCH, METHODS, networkOf } from '../runs/catalogue.ts'
import { modelOf } from '../runs/kept-model.ts'
import { type RunOptions, startRun, supervisedConfig } from '../runs/training.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf, readyVolume } from '../studies/contents/ready.ts'
import { type Study, volumesOf } from '../studies/studies.ts'
import { evaluate, ZERO_FILLED } from '../viewing/evaluations.ts'
import { prepareFolder, unrecorded } from './unrecorded.ts'

export interface DemoRequest {
  readonly study: Study
  readonly seed: number
  readonly channels: number
  /** Folder for the figure and the page. */
  readonly directory: string
  /** Replaces results of this program that are no demonstration's and that nobody has changed. */
  readonly overwrite?: boolean
}

export interface DemoOptions extends Pick<RunOptions, 'onEvent' | 'onBusy' | 'signal' | 'stop'> {
  /** Called as each part begins; its events follow. */
  readonly onPart?: (label: string) => void
}

/** Error maps end at this share of the ground truth's maximum. */
const ERROR_SHARE = 0.2

const FIGURE = 'comparison.png'
const PAGE = 'index.html'

/**
 * Runs everything and writes the figure (PNG) and the page (HTML): the page as data, and the paths of files that were there before. Throws
 * `FILE_EXISTS`, before anything is run, where those would replace what they must not.
 */
export async function runDemo(
  opened: OpenProfile,
  { study, seed, channels, directory, overwrite = false }: DemoRequest,
  options: DemoOptions = {},
): Promise<{ report: Report; replaced: string[] }> {
  const { onPart, onEvent, onBusy, signal, stop } = options
  const destination: Destination = {
    folder: directory,
    maker: 'demo',
    replaces: overwrite ? 'all' : 'same maker',
  }
  const mine = await unrecorded(directory, [FIGURE, PAGE], FIGURE)
  await prepareFolder(destination, [FIGURE, PAGE], mine.includes(PAGE) ? mine : [], keptFiles(opened.profile))
  const method = METHODS.simclr
  const { pretext, training, fineTuning, ...way } = method.recipes.workstation
  const network = networkOf(way.network)
  const settings = {
    mask: MaskSpec.parse({}),
    maskDraws: null,
    slices: study.slices,
    reference: 'ground truth',
  } as const

  const common = {
    network: way.network,
    networkConfig: network.config.parse({ ...way.networkConfig, channels }) as RunConfig['networkConfig'],
    mask: settings.mask,
    slices: study.slices,
    seed,
  }
  const train = (label: string, config: RunConfig, parent: string | null) => {
    onPart?.(label)
    return startRun(
      opened,
      { study, config, parent: parent === null ? null : { run: parent } },
      { onEvent, onBusy, signal, stop },
    )
  }
  const score = (run: string) =>
    evaluate(opened, { of: { study, volumes: volumesOf(study, 'test') }, run, settings }, { signal })

  onPart?.('Zero-filled')
  const zeroFilled = await score(ZERO_FILLED)
  const pretrained = await train(
    `${method.label} pre-training`,
    {
      ...common,
      kind: 'pretrain',
      method: 'simclr',
      methodConfig: method.config.parse(way.methodConfig),
      pretext,
      recipe: training,
      fineTuning,
    },
    null,
  )
  const supervised = fineTuning ?? FINE_TUNING
  const fineTuned = await train('Fine-tuning', supervisedConfig('finetune', common, supervised), pretrained.id)
  const control = await train('Control', supervisedConfig('train', common, supervised), null)
  const baseline = await train('Baseline', supervisedConfig('train', common, FROM_SCRATCH.workstation.training), null)
  onPart?.('Scoring')

  const row = (
    kind: ReportRow['kind'],
    label: string,
    evaluation: Evaluation,
    run: RunRow | null,
    parent: RunRow | null = null,
  ): ReportRow => {
    const training = run?.summary ?? null
    const pretraining = parent?.summary ? { ...parent.summary, method: method.label } : null
    return {
      kind,
      label,
      network: run && network.label,
      channels: run && channels,
      pretraining,
      training,
      totalSeconds: (pretraining?.seconds.steps ?? 0) + (training?.seconds.steps ?? 0),
      metrics: evaluation.mean!,
      volumes: evaluation.volumes,
    }
  }
  const rows = [
    row('zero-filled', 'Zero-filled', zeroFilled, null),
    row('fine-tuned', `${method.label} + fine-tuning`, await score(fineTuned.id), fineTuned, pretrained),
    row('control', 'Control: same fine-tuning, no pre-training', await score(control.id), control),
    row('baseline', 'Baseline from scratch', await score(baseline.id), baseline),
  ]

  const engine = locateEngine()!
  const patients = (role: 'train' | 'val' | 'test') => volumesOf(study, role).map(volume => volume.file)
  const report: Report = {
    study: study.name,
    remarks: [...study.remarks],
    synthetic: study.volumes.some(volume => volume.synthetic),
    seed,
    device: `TensorFlow ${engine.tensorflow}, ${engine.variant === 'cuda' ? 'CUDA build' : 'CPU'}`,
    split: { train: patients('train'), val: patients('val'), test: patients('test') },
    protocol: zeroFilled.protocol,
    rows,
    files: { figure: join(directory, FIGURE), page: join(directory, PAGE) },
  }
  const figure = await drawComparison(opened, study, report, { pretrained, fineTuned, control, baseline }, signal)
  const files = { [FIGURE]: comparisonPng(figure), [PAGE]: strToU8(reportPage(report, comparisonSvg(figure))) }
  return { report, replaced: await writeAll(destination, files, keptFiles(opened.profile)) }
}

/** One slice of the first test volume through every run. */
async function drawComparison(
  opened: OpenProfile,
  study: Study,
  report: Report,
  runs: Readonly<Record<'pretrained' | 'fineTuned' | 'control' | 'baseline', RunRow>>,
  signal?: AbortSignal,
): Promise<Comparison> {
  const volume = await readyVolume(opened, volumesOf(study, 'test')[0].id, signal)
  const slice = volume.slices >> 1
  const models = [null, ...Object.values(runs).map(run => modelOf(opened.profile, run.id))]
  const engine = await opened.engines.jobs(signal)
  const { shape, truth, images, maximum } = await engine.call(
    'compare',
    { ...fileOf(volume), salt: opened.profile.salt, slice, mask: report.protocol.mask, models },
    { signal },
  )
  const metricsOf = (kind: ReportRow['kind']) =>
    report.rows.find(row => row.kind === kind)!.volumes.find(score => score.path === volume.path) ?? null
  const difference = (image: Float32Array) => truth && image.map((value, i) => Math.abs(value - truth[i]))
  const pane = (title: string, run: RunRow | null, image: Float32Array, kind: ReportRow['kind']): Pane => ({
    title,
    run: run?.id ?? null,
    image,
    units: 'signal',
    metrics: metricsOf(kind),
    error: difference(image),
  })
  return {
    title: study.name,
    caption: `${volume.file}, slice ${slice + 1} of ${volume.slices}${volume.acquisition ? `, ${volume.acquisition}` : ''}`,
    shape,
    panes: [
      pane('Sub-sampled input', null, images[0], 'zero-filled'),
      {
        title: 'SimCLR pre-trained',
        run: runs.pretrained.id,
        image: images[1],
        units: 'arbitrary',
        metrics: null,
        error: null,
      },
      pane('Fine-tuned', runs.fineTuned, images[2], 'fine-tuned'),
      pane('Control', runs.control, images[3], 'control'),
      pane('Baseline', runs.baseline, images[4], 'baseline'),
      ...(truth
        ? [{ title: 'Ground truth', run: null, image: truth, units: 'signal' as const, metrics: null, error: null }]
        : []),
    ],
    window: [0, maximum],
    errorMaximum: ERROR_SHARE * maximum,
    synthetic: report.synthetic,
    protocol: report.protocol,
    remarks: report.remarks,
  }
}
