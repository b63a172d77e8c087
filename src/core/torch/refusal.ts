/** Errors about a file of PyTorch. Every error names the file. */
import { AppError } from '../../contract/errors.ts'

export interface Refusal {
  damaged(got: string): AppError
  /** @param remedy an instruction, as a whole sentence */
  unsupported(got: string, remedy: string): AppError
}

/** Longest name of a file's own in a message. A damaged file can hold any text as a name. */
const MOST_LETTERS = 200
const clipped = (got: string) => (got.length > MOST_LETTERS ? `${got.slice(0, MOST_LETTERS)}…` : got)

export const refusalFor = (origin: string): Refusal => ({
  damaged: got =>
    new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected a PyTorch checkpoint, got ${clipped(got)}, in ${origin}. ` +
        'Copy or download the file again, or save it again with torch.save.',
    ),
  unsupported: (got, remedy) =>
    new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected a PyTorch checkpoint of weights, got ${clipped(got)}, in ${origin}. ${remedy}`,
    ),
})
