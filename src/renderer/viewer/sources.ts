/** Which source each pane shows: the one that was picked, else the newest run that fits. */

import { useShallow } from 'zustand/react/shallow'
import { framePath } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { runOf, useRuns, useStudy, versionOf } from '../queries.ts'
import { SLOTS, type Slot, useView } from '../view.ts'

export const SLOT_LABEL: Readonly<Record<Slot, string>> = {
  input: 'Sub-sampled',
  pretrained: 'Pre-trained',
  'fine-tuned': 'Fine-tuned',
  baseline: 'Baseline',
  truth: 'Ground truth',
  error: 'Error',
}

export interface PaneState {
  readonly slot: Slot
  /** `null`: nothing fits yet. */
  readonly source: string | null
  readonly run: RunView | null
  /** Of the image at the current slice; `null` where there is none to ask for. */
  readonly url: string | null
}

/** Runs that are about a study. New scans belong to none: any run may reconstruct them. */
export const runsFor = (study: Study, runs: readonly RunView[]): readonly RunView[] =>
  study.kind === 'scans' ? runs : runs.filter(run => run.study === study.name)

/** The newest run that fits a slot, a finished one where there is any; a baseline is the longest training from scratch. */
function fitting(slot: Slot, runs: readonly RunView[], study: Study): RunView | null {
  const own = runsFor(study, runs).filter(run => run.checkpoint)
  const newest = (fits: (run: RunView) => boolean) =>
    own.findLast(run => fits(run) && run.status === 'finished') ?? own.findLast(fits) ?? null
  if (slot === 'pretrained') return newest(run => run.arbitraryUnits)
  if (slot === 'fine-tuned' || slot === 'error') return newest(run => run.kind === 'finetune')
  if (slot !== 'baseline') return null
  const finished = own.filter(run => run.kind === 'train' && run.status === 'finished')
  const longest = Math.max(...finished.map(run => run.epochs.planned))
  return newest(run => run.kind === 'train' && (finished.length === 0 || run.epochs.planned === longest))
}

function automatic(slot: Slot, runs: readonly RunView[], study: Study): string | null {
  if (slot === 'input') return 'zero-filled'
  if (slot === 'truth') return 'truth'
  const run = fitting(slot, runs, study)
  if (run) return `run:${run.id}`
  return slot === 'error' ? 'zero-filled' : null
}

export interface Comparison {
  readonly study: Study | null
  readonly volume: StudyVolume | null
  readonly panes: readonly PaneState[]
  readonly runs: readonly RunView[]
}

/** The panes as chosen, for the open volume. */
export function useComparison(): Comparison {
  // Not the whole view: the pointer is in it, and moves all the time.
  const {
    study: studyId,
    volume: volumeId,
    slice,
    mask,
    picked,
  } = useView(useShallow(({ study, volume, slice, mask, picked }) => ({ study, volume, slice, mask, picked })))
  const { data: study = null } = useStudy(studyId)
  const { data: runs = [] } = useRuns()
  const volume = study?.volumes.find(({ id }) => id === volumeId) ?? null
  const panes = SLOTS.map((slot): PaneState => {
    const choice = picked[String(studyId)]?.[slot]
    const stillThere = choice && (!choice.startsWith('run:') || runOf(choice, runs))
    const source = stillThere ? choice : study ? automatic(slot, runs, study) : null
    const run = source ? runOf(source, runs) : null
    const missing = source === 'truth' && !volume?.targetShape
    const url = volume && source && !missing ? framePath(volume.id, slice, source, mask, versionOf(run)) : null
    return { slot, source, run, url }
  })
  return { study, volume, panes, runs }
}
