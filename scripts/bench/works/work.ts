/** What the bench measures, one after another. */
import type { Hardware } from '../computed.ts'
import type { Check, Row } from '../report.ts'
import type { Side } from '../side.ts'

/** What works have at hand. */
export interface Bench {
  readonly hardware: Hardware
  /** For files; removed at the end. */
  readonly folder: string
  /** HDF5 file of one measured slice, 640 × 372. */
  readonly slice: string
  /** Processes of their own; whoever starts one disposes it. */
  ours(): Promise<Side>
  peer(): Promise<Side>
  /** HDF5 file of 35 synthetic slices, 640 × 372; made when it is first asked for. */
  volume(): Promise<string>
  say(line: string): void
}

export interface Outcome {
  readonly checks: readonly Check[]
  /** None where a check has failed: nothing was timed. */
  readonly rows: readonly Row[]
  /** Why it could not be measured on this machine. */
  readonly skipped?: string
  /** What went wrong. */
  readonly failed?: string
}

export interface Work {
  /** For `--only`; a name followed by a hyphen takes in those that begin with it. */
  readonly name: string
  readonly label: string
  measure(bench: Bench): Promise<Outcome>
}

/** Whether `--only` means this work. */
export const isChosen = (name: string, only: string): boolean => name === only || name.startsWith(`${only}-`)
