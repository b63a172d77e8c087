/** A work: one thing that the bench measures. */
import { AppError } from '../../../src/contract/errors.ts'
import type { Hardware, Precision } from '../computed.ts'
import type { Instructions } from '../instructions.ts'
import type { Check, Row } from '../report.ts'
import type { Side } from '../side.ts'

/** What the bench gives to every work. */
export interface Bench {
  readonly hardware: Hardware
  /** The instructions that both sides use on a CPU. */
  readonly instructions: Instructions
  /** Precision of our trainings. */
  readonly precision: Precision
  /** Folder for files. The bench removes it at the end. */
  readonly folder: string
  /** HDF5 file of one measured slice, 640 × 372. */
  readonly slice: string
  /** Starts a process of our side. The caller disposes the process. */
  ours(): Promise<Side>
  peer(): Promise<Side>
  /** HDF5 file of synthetic slices, 640 × 372: 35 of one coil, or 5 of several coils. The first call makes the file. */
  volume(coils: number): Promise<string>
  say(line: string): void
}

/** A work that was not measured, or that was not measured against all forms of the peer. */
export interface Left {
  readonly work: string
  readonly reason: string
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export interface Outcome {
  readonly checks: readonly Check[]
  /** Empty if a check failed, because then nothing was timed. */
  readonly rows: readonly Row[]
  /** Why the work could not be measured on this machine. */
  readonly skipped?: string
  /** The errors that stopped the work, or some of its forms. */
  readonly failed?: readonly Left[]
}

export interface Work {
  /** Name for `--only`. `unet` is no name, so `--only unet` means all works whose names begin with `unet-`. */
  readonly name: string
  readonly label: string
  measure(bench: Bench): Promise<Outcome>
}

/** The works that `--only` names, in the order of `works`. All works without a name. */
export function chooseWorks<Named extends Pick<Work, 'name'>>(works: readonly Named[], only: readonly string[]) {
  const names = works.map(({ name }) => name)
  const means = (each: string, name: string) => (names.includes(each) ? name === each : name.startsWith(`${each}-`))
  const unknown = only.find(each => !names.some(name => means(each, name)))
  if (unknown !== undefined)
    throw new AppError('INVALID_ARGUMENT', `Expected --only with some of ${names.join(', ')}, got ${unknown}`)
  return only.length === 0 ? works : works.filter(({ name }) => only.some(each => means(each, name)))
}
