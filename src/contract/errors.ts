/** Errors a user can meet. Anything else thrown is a bug and stays a plain `Error`. */

/** The help text of an error code. docs/guide/errors.md is generated from these texts. */
export interface ErrorHelp {
  readonly meaning: string
  readonly remedy: string
  /** A message of the program, as the command line prints it. */
  readonly example: string
}

export const ERRORS = {
  FILE_UNREADABLE: {
    meaning: 'A file or folder is missing, damaged, open in another program, or not permitted.',
    remedy: 'Check the path and the permissions that the message names. Copy or download the file again.',
    example: 'Expected a file with data, got an empty file (0 bytes): brain_07.h5. Copy it again.',
  },
  UNSUPPORTED_FORMAT: {
    meaning: 'The file is readable, but Self-MRI does not support its format, its compression or its number type.',
    remedy: 'Convert the file as the message says. [data.md](../data.md#which-files-are-read) lists what is read.',
    example:
      'Expected k-space, got a P-file of a GE scanner: P12800.7. ' +
      'Convert it with: ge_to_ismrmrd --verbose P12800.7',
  },
  SHAPE_MISMATCH: {
    meaning: 'Two arrays that belong together have different sizes.',
    remedy: 'Compare both sizes in the message. Export the file again, or choose another checkpoint.',
    example:
      'Expected reconstruction_rss of [16, height, width], an image for each slice of k-space, ' +
      'got [15, 320, 320], in brain_07.h5',
  },
  INVALID_ARGUMENT: {
    meaning: 'An option, a setting or a request is not allowed.',
    remedy: 'Correct the value that the message names. --help lists the options of a command.',
    example: '--mask-draws: expected at least 1, got 0',
  },
  STATE_CONFLICT: {
    meaning: 'A run or a reproduction has a status that does not allow this, or another program works on it.',
    remedy:
      'List the runs with: npm run self-mri -- runs. Wait until the run has ended, or cancel the run first. ' +
      'To cancel, press Ctrl+C in the terminal that trains, or choose Cancel run in the app that trains. ' +
      'Another terminal cannot cancel the run.',
    example: 'Expected a run that has ended, got run 3, which is running. Cancel it first.',
  },
  ENGINE_UNAVAILABLE: {
    meaning: 'The TensorFlow engine is not installed, or does not load.',
    remedy: 'Run: npm run self-mri -- engine install. The message says if a compiler, Python or pip is missing.',
    example: 'The TensorFlow engine is not installed. Install it with: self-mri engine install',
  },
  ENGINE_DIED: {
    meaning: 'The process that computes has ended. Often the operating system ended it because memory ran out.',
    remedy: 'Resume the run. If the process ends again, start a new run with less memory, as for OUT_OF_MEMORY.',
    example: 'The engine process ended by SIGKILL (the system does so when memory runs out)',
  },
  JOB_CONTINUES: {
    meaning: 'This program no longer follows the job of a run. The job goes on without the program.',
    remedy:
      'Resume the run to follow its job again, or open the app. ' +
      'To end the job: npm run self-mri -- jobs cancel RUN.',
    example: 'Job 4711 of run 12 goes on. Resume the run to follow the job.',
  },
  JOB_ENDED: {
    meaning: 'A job ended without a result: its node or its memory failed, or somebody cancelled the job.',
    remedy: 'Read the end of the log that the message names. Then resume the run, which continues from its last state.',
    example: 'Job 4711 ended without a result (OUT_OF_MEMORY on n3). Resume the run with more --memory.',
  },
  JOB_REFUSED: {
    meaning: 'The job was not submitted: the cluster refuses it, sbatch is missing, or a file cannot be written.',
    remedy:
      'Correct the setting or the permission that the message names. ' +
      'Settings → Where trainings run lists the settings.',
    example: 'sbatch refused the job: invalid partition specified: gpu. Choose one of: normal, long.',
  },
  OUT_OF_MEMORY: {
    meaning: 'The memory of the computer or of the GPU is too small for this work.',
    remedy:
      'Close other programs, and resume the run. If memory runs out again, start a new run with a smaller --batch. ' +
      '“self-mri runs RUN” suggests values, and the app has a button for them. ' +
      'Supervised training, RotNet and sub-sample again reach the same step with --accumulate. ' +
      'SimCLR, SwAV, PIRL and U-Net++ depend on the batch, so their result changes. ' +
      'Fewer channels or smaller crops also need less memory, and change the result.',
    example: 'No memory for the 1904640 bytes of a slice of brain_07.h5',
  },
  DISK_FULL: {
    meaning: 'The disk has too little free space.',
    remedy: 'Free some space. A training waits meanwhile, and continues when there is space.',
    example: 'The disk is full: cannot write last-0004.safetensors. Free some space.',
  },
  NOT_FINITE: {
    meaning: 'A number is infinite or not a number (NaN), or too large for 32-bit floats.',
    remedy: 'If the message names a file, inspect the slice. If it names a loss, use a lower --rate, or --clip-norm.',
    example: 'After step 40 the weights are no longer numbers, so they are not kept.',
  },
  STUDY_NOT_FOUND: {
    meaning: 'The profile contains no study or volume of this name or number.',
    remedy: 'List the studies with: npm run self-mri -- studies. Check that --profile names the right folder.',
    example: 'Expected a study’s name or number, got "knees". Import one with: self-mri import PATH',
  },
  RUN_NOT_FOUND: {
    meaning: 'The profile contains no run of this number, or the run has no checkpoint yet.',
    remedy: 'List the runs with: npm run self-mri -- runs. Check that --profile names the right folder.',
    example: 'Expected a run’s number, got "99". List them with: self-mri runs',
  },
  CHECKPOINT_DAMAGED: {
    meaning:
      'A checkpoint or a saved state differs from what was written, or is no valid file of safetensors or PyTorch.',
    remedy:
      'Restore the file from a copy of the profile, or use a milestone of the run (RUN@EPOCH), or train again. ' +
      'Resuming takes the saved state before the damaged state, if there is one.',
    example: 'Expected a safetensors checkpoint, got a file that ends within its header, in best-0007.safetensors.',
  },
  PATIENT_LEAK: {
    meaning:
      'A patient or a scan would be in training, or in the tuning of λ, and in testing at once. ' +
      'The scores would be too good.',
    remedy: 'Put all files of a patient into one role, or score the run or the settings on other patients.',
    example:
      'Expected patients that run 3 has not been trained on, got brain_01.h5, ' +
      'whose patients or scans were in the training of run 1. Score it on other patients.',
  },
  DATA_CHANGED: {
    meaning: 'A file of a study has other contents than the study or the run recorded.',
    remedy: 'Put the old file back. Or accept the new contents with: npm run self-mri -- studies scan STUDY.',
    example: 'The content of brain_07.h5 has changed since the last scan. Scan the study again.',
  },
  FILE_EXISTS: {
    meaning: 'A result would replace a file that already exists.',
    remedy: 'Choose another folder or name, or move the file. --overwrite replaces earlier results of Self-MRI only.',
    example:
      'Cannot replace out/brain_07.h5, which is an earlier result of Self-MRI. ' +
      'Choose another folder or name, or replace earlier results with --overwrite.',
  },
  AMBIGUOUS: {
    meaning: 'A name has two meanings, for example a study’s name and another study’s number.',
    remedy: 'Write number:22 or name:22, as the message says.',
    example:
      'Expected one study, got "22", which means study 22, "Knees" (write number:22) ' +
      'and study 5, "22" (write name:22).',
  },
  DATABASE: {
    meaning: 'The database of the profile cannot be opened or written, is damaged, or is of a newer version.',
    remedy: 'Restore the database from a copy, change the folder’s permissions, update Self-MRI, or use --profile.',
    example:
      'Expected a database of version 6 or older, got version 7, in self-mri.sqlite. ' +
      'A newer Self-MRI wrote it: update this one.',
  },
  DATABASE_BUSY: {
    meaning: 'Another program holds the database of the profile.',
    remedy: 'Wait until the other program has ended, and try again.',
    example: 'Another program holds the database of the profile. Try again when that program has ended.',
  },
  DEVICE_BUSY: {
    meaning: 'Another training uses the device, and --no-wait was given.',
    remedy: 'Omit --no-wait: the training then waits for the device.',
    example:
      'Expected a free device, got a device on which process 4711 trains. Omit --no-wait to wait for the device.',
  },
  CANCELLED: {
    meaning: 'You or a signal stopped the work.',
    remedy: 'Continue a stopped training with: npm run self-mri -- runs resume RUN.',
    example: 'Cancelled.',
  },
} as const satisfies Record<string, ErrorHelp>

export type ErrorCode = keyof typeof ERRORS

/** Values of an error for programs, besides the code. */
export interface ErrorData {
  /** The signal that ended the engine's process. */
  readonly signal?: string
}

/** An error with a code, a message that names the file and the remedy, and its cause. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(code: ErrorCode, message: string, cause?: unknown, data: ErrorData = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.data = data
  }
}

/** The message of whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Turns `ENGINE_DIED` into `CANCELLED`. For a task that was asked to stop, because a signal to the process group can
 * end the engine before the task stops.
 */
export const asCancelled = (error: unknown): unknown =>
  error instanceof AppError && error.code === 'ENGINE_DIED' ? new AppError('CANCELLED', 'Cancelled', error) : error

/** Throws `CANCELLED` if the signal is aborted. Loops call this function between steps. */
export function throwIfCancelled(signal: { readonly aborted: boolean } | undefined): void {
  if (signal?.aborted) throw new AppError('CANCELLED', 'Cancelled')
}
