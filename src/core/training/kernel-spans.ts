/** Which kernels took which steps of a training. A run that was interrupted may go on with other kernels. */
import { KERNELS_CHANGED, type KernelSpan, kernelsInWords } from '../../contract/kernels.ts'
import type { Note } from '../../contract/notes.ts'
import type { Progress } from './state.ts'

/** The spans that have steps. Kernels of an interrupted run may have taken no step. */
export const spansWithSteps = ({ kernels, step }: Progress): KernelSpan[] => kernels.filter(span => span.step < step)

/** The progress of a training whose next steps are taken by the kernels `name`. */
export function goOnWith(name: string, progress: Progress): Progress {
  const before = spansWithSteps(progress)
  if (before.at(-1)?.name === name) return { ...progress, kernels: before }
  return { ...progress, kernels: [...before, { name, epoch: progress.epoch + 1, step: progress.step }] }
}

/** `null` unless the kernels change at this step. */
export function noteOfChange({ kernels, step }: Progress): Note | null {
  const [before, now] = kernels.slice(-2)
  if (!now || now.step !== step) return null
  const [from, to] = [before, now].map(({ name }) => kernelsInWords(name))
  return {
    level: 'info',
    code: KERNELS_CHANGED,
    data: { epoch: now.epoch, step, from, to },
    text: `Last digits may differ from epoch ${now.epoch} on: the run used ${from} before, and goes on with ${to}.`,
  }
}
