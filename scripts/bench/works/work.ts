/** A work: one thing that the bench measures. */
import type { Hardware } from '../computed.ts'
import type { Check, Row } from '../report.ts'
import type { Side } from '../side.ts'

/** What the bench gives to every work. */
export interface Bench {
  readonly hardware: Hardware
  /** Folder for files. The bench removes it at the end. */
  readonly folder: string
  /** HDF5 file of one measured slice, 640 × 372. */
  readonly slice: string
  /** Starts a process of our side. The caller disposes the process. */
  ours(): Promise<Side>
  peer(): Promise<Side>
  /** HDF5 file of 35 synthetic slices, 640 × 372. The first call makes the file. */
  volume(): Promise<string>
  say(line: string): void
}

export interface Outcome {
  readonly checks: readonly Check[]
  /** Empty if a check failed, because then nothing was timed. */
  readonly rows: readonly Row[]
  /** Why the work could not be measured on this machine. */
  readonly skipped?: string
  /** The message of the error that stopped the work. */
  readonly failed?: string
}

export interface Work {
  /** Name for `--only`. `--only unet` chooses the works whose name is `unet` or begins with `unet-`. */
  readonly name: string
  readonly label: string
  measure(bench: Bench): Promise<Outcome>
}

/** Whether `--only` means this work. */
export const isChosen = (name: string, only: string): boolean => name === only || name.startsWith(`${only}-`)
