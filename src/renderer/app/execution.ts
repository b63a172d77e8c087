/** Where trainings run, in words and as the settings' form edits it. */
import type { Execution } from '../../contract/execution.ts'

/** The number of trainings at once on this machine. @param gpus GPUs of this machine that the program sees */
export const slotsHere = ({ slots, devices }: Pick<Execution, 'slots' | 'devices'>, gpus: number): number =>
  slots ?? (gpus > 0 ? (devices?.length ?? gpus) : 1)

/** 'Trains on this machine, one training at a time.' @param gpus GPUs of this machine that the program sees */
export function whereInWords(execution: Execution, gpus: number): string {
  const { executor, slurm } = execution
  if (executor === 'slurm') {
    const partition = slurm.partition === null ? '' : ` in the partition ${slurm.partition}`
    return `Trains as Slurm jobs${partition}, at most ${slurm.jobs} at once.`
  }
  if (executor === 'folder') return 'Writes job folders. You start each with self-mri job FOLDER.'
  const slots = slotsHere(execution, gpus)
  return `Trains on this machine, ${slots === 1 ? 'one training at a time' : `${slots} trainings at once`}.`
}

/** The settings as a form edits them: numbers may be text that is no number yet. */
export type ExecutionDraft = Omit<Execution, 'slots' | 'slurm'> & {
  readonly slots: number | string | null
  readonly slurm: Readonly<Record<string, unknown>>
}

/** What is wrong with the number of trainings at once. `null`: nothing. */
export function slotsFault({ slots }: ExecutionDraft): string | null {
  const fits = slots === null || (Number.isInteger(slots) && Number(slots) >= 1 && Number(slots) <= 64)
  return fits ? null : 'Expected a whole number, 1 to 64, or no number'
}

/** Chosen devices that do not answer. */
export const missingDevices = (chosen: Execution['devices'], present: readonly string[]): string[] =>
  (chosen ?? []).filter(each => !present.includes(each))

/** A device was checked or unchecked. All present devices are `null`, so that a new device is used too. */
export function withDevice(
  chosen: Execution['devices'],
  present: readonly string[],
  device: string,
): Execution['devices'] {
  const before = chosen ?? present
  const after = [...present, ...missingDevices(chosen, present)].filter(each =>
    each === device ? !before.includes(each) : before.includes(each),
  )
  return present.every(each => after.includes(each)) ? null : after
}
