/** What each pane shows: the source that was picked, else the newest run that fits, and which aspect of it. */
import { useShallow } from 'zustand/react/shallow'
import { CLASSICAL_LABELS, classicalSource } from '../../contract/classical.ts'
import { MaskSpec } from '../../contract/evaluation.ts'
import { framePath, type Show } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { labelOfSettings, type NamedSettings, sourceOfSettings } from '../../contract/tuning.ts'
import { runLabel } from '../app/format.ts'
import { useNamedSettings, useRuns, useStudy } from '../app/queries.ts'
import { cascadeOf } from './cascades.ts'
import { coilOf } from './coils.ts'
import type { PaneShow, Slot } from './layouts.ts'
import { contentOf, versionOf } from './versions.ts'
import { choicesOf, sliceOf, useView, type View } from './view.ts'

export const SLOT_LABEL: Readonly<Record<Slot, string>> = {
  input: 'Sub-sampled',
  pretrained: 'Pre-trained',
  'fine-tuned': 'Fine-tuned',
  baseline: 'Baseline',
  truth: 'Ground truth',
  error: 'Error',
  classical: 'Classical',
}

export const SHOW_LABEL: Readonly<Record<Exclude<PaneShow, 'feature'>, string>> = {
  image: 'Image',
  error: 'Error map',
  ssim: 'SSIM map',
  'k-space': 'k-space, log magnitude',
  phase: 'Phase',
  mask: 'Mask',
  residual: 'Data-consistency residual',
  mean: 'Mean over mask seeds',
  spread: 'Sampling sensitivity (SD over mask seeds)',
  cascade: 'Cascades',
  coils: 'All coils, side by side',
  maps: 'Coil maps, phase as colour',
  eigenvalues: 'ESPIRiT eigenvalue',
}

/** In a pane's header. */
export const SHOW_SHORT: Readonly<Record<Exclude<PaneShow, 'feature' | 'image'>, string>> = {
  error: 'Error of',
  ssim: 'SSIM of',
  'k-space': 'k-space of',
  phase: 'Phase of',
  mask: 'Mask of',
  residual: 'Residual of',
  mean: 'Mean of',
  spread: 'Spread of',
  cascade: 'Cascade of',
  coils: 'Coils of',
  maps: 'Coil maps of',
  eigenvalues: 'Eigenvalue of',
}

/** Nothing of it depends on the slice or the mask: `usePlace` says where a pane looks. */
export interface PaneState {
  /** Its place in the layout, from 0. */
  readonly pane: number
  readonly slot: Slot
  readonly show: PaneShow
  readonly layer?: string
  readonly channel?: number
  /** See `PaneCascade`. */
  readonly cascade?: number
  /** See `PaneCoil`. */
  readonly coil?: number | null
  /** `null`: nothing fits yet. */
  readonly source: string | null
  readonly run: RunView | null
  /** Of a classical source: the method and the name of its settings. */
  readonly classical?: string
}

const isRunSource = (source: string): boolean => source.startsWith('run:')

const runOf = (source: string, runs: readonly RunView[]): RunView | null =>
  isRunSource(source) ? (runs.find(run => `run:${run.id}` === source) ?? null) : null

/** Runs that are about a study. New scans belong to none: any run may reconstruct them. */
export const runsFor = (study: Study, runs: readonly RunView[]): readonly RunView[] =>
  study.kind === 'scans' ? runs : runs.filter(run => run.study === study.name)

/**
 * The newest run that fits a slot, a finished one where there is any: the fine-tuning of the pre-training beside it,
 * where it has one, and of its kept weights rather than a milestone's; a baseline is the training from scratch, of the
 * same network where there is one, that does best on the patients it was validated on.
 */
function fitting(slot: Slot, runs: readonly RunView[], study: Study): RunView | null {
  const own = runsFor(study, runs).filter(run => run.checkpoint)
  const newest = (fits: (run: RunView) => boolean) =>
    own.findLast(run => fits(run) && run.status === 'finished') ?? own.findLast(fits) ?? null
  const pretrained = newest(run => run.arbitraryUnits)
  if (slot === 'pretrained') return pretrained
  if (slot === 'fine-tuned' || slot === 'error') {
    const isFineTuning = (run: RunView) => run.kind === 'finetune'
    const isBeside = (run: RunView) => isFineTuning(run) && run.parent === pretrained?.id
    return newest(run => isBeside(run) && run.parentEpoch === null) ?? newest(isBeside) ?? newest(isFineTuning)
  }
  if (slot !== 'baseline') return null
  const fromScratch = own.filter(run => run.kind === 'train')
  const alike = fromScratch.filter(
    ({ network, channels }) => network === pretrained?.network && channels === pretrained.channels,
  )
  const candidates = alike.length > 0 ? alike : fromScratch
  const best = Math.max(...candidates.map(({ status, metrics }) => (status === 'finished' && metrics?.ssim) || 0))
  return newest(run => candidates.includes(run) && (best === 0 || run.metrics?.ssim === best))
}

function automatic(slot: Slot, runs: readonly RunView[], study: Study): string | null {
  if (slot === 'input') return 'zero-filled'
  if (slot === 'truth') return 'truth'
  if (slot === 'classical') return 'cg-sense'
  const run = fitting(slot, runs, study)
  if (run) return `run:${run.id}`
  return slot === 'error' ? 'zero-filled' : null
}

export interface Comparison {
  readonly study: Study | null
  readonly volume: StudyVolume | null
  readonly panes: readonly PaneState[]
  readonly runs: readonly RunView[]
  /** Settings of classical methods that are not hidden. */
  readonly named: readonly NamedSettings[]
}

export const STANDARD_MASK = MaskSpec.parse({})

/** The ground truth's own image: the same whatever the mask, so that it stays while masks are tried. */
export const truthPath = (
  volume: StudyVolume,
  slice: number,
  show: Show = 'image',
  coil: number | null = null,
): string => framePath(volume.id, slice, 'truth', STANDARD_MASK, { version: contentOf(volume), show, coil })

/** What is asked of the host for an aspect: an error map is made here. */
const asked = (show: PaneShow): Show => (show === 'error' ? 'image' : show)

/** The masked slice, as it is before any network; or its mask. */
export const inputPath = (
  volume: StudyVolume,
  slice: number,
  { mask, seed }: Pick<View, 'mask' | 'seed'>,
  show: Extract<Show, 'image' | 'mask'> = 'image',
): string => framePath(volume.id, slice, 'zero-filled', mask, { version: contentOf(volume), seed, show })

/** Of a pane's image at its slice, or `by` slices on; `null` where there is none to ask for. */
export function urlOf(
  view: Pick<View, 'slice' | 'mask' | 'seed' | 'link' | 'own'>,
  pane: PaneState,
  volume: StudyVolume,
  by = 0,
): string | null {
  const { source, run, show, layer, channel, cascade, coil } = pane
  const slice = sliceOf(view, pane.pane) + by
  if (slice < 0 || slice >= volume.slices) return null
  if (source === null || (source === 'truth' && !volume.targetShape)) return null
  if (source === 'truth' && show !== 'residual') return truthPath(volume, slice, asked(show), coil)
  const { mask, seed } = view
  return framePath(volume.id, slice, source, mask, {
    version: versionOf(volume, run),
    show: asked(show),
    seed,
    layer,
    channel,
    cascade,
    coil,
  })
}

/** Where a pane looks now. */
export const usePlace = (
  pane: PaneState,
  volume: StudyVolume,
): { readonly slice: number; readonly url: string | null } =>
  useView(useShallow(view => ({ slice: sliceOf(view, pane.pane), url: urlOf(view, pane, volume) })))

/** Of the image of each pane. */
export const useUrls = (panes: readonly PaneState[], volume: StudyVolume): readonly (string | null)[] =>
  useView(useShallow(view => panes.map(pane => urlOf(view, pane, volume))))

/** The panes as chosen, for the open volume. */
export function useComparison(): Comparison {
  // Not the whole view: the pointer is in it, and the slice, which change all the time.
  const view = useView(useShallow(({ study, volume, layouts, panes }) => ({ study, volume, layouts, panes })))
  const { data: study = null } = useStudy(view.study)
  const { data: runs = [] } = useRuns()
  const { data: named = [] } = useNamedSettings()
  const volume = study?.volumes.find(({ id }) => id === view.volume) ?? null
  const panes = choicesOf(view).map((chosen, pane): PaneState => {
    const { source: picked, ...choice } = chosen
    const stillThere = picked && (!isRunSource(picked) || runOf(picked, runs))
    const source = stillThere ? picked : study ? automatic(choice.slot, runs, study) : null
    const run = source ? runOf(source, runs) : null
    const coil = coilOf(chosen, source, volume, run)
    const cascade = cascadeOf(chosen, run)
    const classical = (source && classicalLabel(source, named)) || undefined
    return { ...choice, pane, source, run, coil, cascade, classical }
  })
  return { study, volume, panes, runs, named }
}

export function sourceLabel(source: string, { runs, named }: Pick<Comparison, 'runs' | 'named'>): string {
  if (source === 'zero-filled') return 'Sub-sampled, zero-filled'
  if (source === 'truth') return 'Ground truth'
  const run = runs.find(({ id }) => `run:${id}` === source)
  return run ? `Run ${run.id} · ${runLabel(run)}` : (classicalLabel(source, named) ?? source)
}

/** Hidden settings, which the list does not have, are named by their number. */
function classicalLabel(source: string, named: readonly NamedSettings[]): string | null {
  const classical = classicalSource(source)
  if (!classical) return null
  const { method, settings } = classical
  if (settings === undefined) return CLASSICAL_LABELS[method]
  const listed = named.find(each => sourceOfSettings(each) === source)
  return listed ? labelOfSettings(listed, named) : `${CLASSICAL_LABELS[method]}, settings ${settings}`
}

/** What a pane is of, in few words, for tables and figures. */
export function shortLabel({
  slot,
  source,
  run,
  classical,
}: Pick<PaneState, 'slot' | 'source' | 'run' | 'classical'>): string {
  if (run) return `Run ${run.id}`
  if (source === 'zero-filled') return SLOT_LABEL.input
  if (source === 'truth') return SLOT_LABEL.truth
  return classical ?? SLOT_LABEL[slot]
}

export const isClassical = ({ source }: Pick<PaneState, 'source'>): boolean =>
  source !== null && classicalSource(source) !== null
