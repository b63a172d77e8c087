import process from 'node:process'
import { Command, InvalidArgumentError, Option } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { ExportFormat } from '../../contract/exports.ts'
import { callersFolder, callersPath } from '../../services/profile/paths.ts'
import { reconstruct } from '../../services/viewing/save.ts'
import {
  addMaskOptions,
  CLASSICAL_HELP,
  type MaskOptions,
  maskFrom,
  type NamedWeights,
  overwriteOption,
  runOption,
  wholeNumber,
} from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, progressBar, say, sayReplaced } from '../terminal.ts'

interface Options extends MaskOptions {
  readonly run: NamedWeights
  readonly out: string
  readonly overwrite: boolean
  readonly format: ExportFormat
  readonly slice?: number
  readonly seed?: number
}

/** Counted from 1. */
function sliceNumber(text: string): number {
  const number = wholeNumber(text)
  if (number === 0) throw new InvalidArgumentError('Expected a slice’s number, counted from 1.')
  return number
}

export const reconstructCommand = (): Command =>
  addMaskOptions(
    new Command('reconstruct')
      .description(
        'Reconstruct files, one file per volume. HDF5: fastMRI’s submission format, ' +
          '`reconstruction`, float32 [slices, h, w]. DICOM: a folder per volume, one file per slice.',
      )
      .argument('<path...>', 'files or folders; need no ground truth; sub-sampled files are not masked again')
      .requiredOption('--out <folder>', 'folder for the reconstructions')
      .addOption(overwriteOption('earlier reconstructions in the folder'))
      .addOption(
        runOption(
          'a run’s number, RUN@EPOCH for a milestone of the run, zero-filled, truth (the file’s ground truth), ' +
            CLASSICAL_HELP,
        ),
      )
      .addOption(new Option('--format <format>', 'file format').choices(ExportFormat.options).default('hdf5'))
      .option('--slice <n>', 'one slice of each volume, counted from 1 (default: all)', sliceNumber),
  )
    .option('--seed <n>', 'seed of the mask (default: the file’s name, as in fastMRI’s validation)', wholeNumber)
    .action((paths: string[], options: Options, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const mask = maskFrom(options)
        if (options.seed !== undefined && mask.file)
          throw new AppError('INVALID_ARGUMENT', '--seed: a mask file is one mask. Omit the option.')
        const bar = progressBar('Reconstructing')
        const request = {
          paths: paths.map(callersPath),
          ...options.run,
          mask,
          seed: options.seed ?? null,
          slice: options.slice === undefined ? null : options.slice - 1,
          format: options.format,
          directory: callersFolder(options.out),
          overwrite: options.overwrite,
        }
        const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
          bar.update(done, total, label)
        const { volumes, replaced, remarks } = await reconstruct(services, request, { onProgress, signal }).finally(
          () => bar.stop(),
        )
        const written = volumes.filter(result => 'output' in result)
        for (const result of volumes) if ('reason' in result) say(`Skipped ${result.path}: ${result.reason}`)
        for (const { path, empty } of written)
          if (empty.length > 0)
            say(`${path}: slice ${empty.map(index => index + 1).join(', ')} has no data, so its image is zero.`)
        for (const { path, remarks } of written) for (const remark of remarks) say(`${path}: ${remark}`)
        for (const { path, remark } of remarks) say(`${path}: ${remark}`)
        if (volumes.length === 0) say(`No file to reconstruct in ${request.paths.join(', ')}.`)
        if (options.overwrite) sayReplaced(replaced)
        if (json) printJson({ ...options.run, volumes, remarks, ...(options.overwrite && { replaced }) })
        else for (const { output } of written) print(output)
        if (written.length === 0) process.exitCode = 1
      }),
    )
