import process from 'node:process'
import { Command, Option } from 'commander'
import { reconstruct, ZERO_FILLED } from '../../services/evaluations.ts'
import { callersPath } from '../../services/profile.ts'
import { addMaskOptions, maskFrom, type NamedWeights, namedWeights } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, progressBar, say } from '../terminal.ts'

interface Options {
  readonly run: NamedWeights
  readonly out: string
  readonly mask: string
  readonly acceleration: number
  readonly centerFraction: number
}

export const reconstructCommand = (): Command =>
  addMaskOptions(
    new Command('reconstruct')
      .description(
        'Reconstruct files: one HDF5 a file with `reconstruction`, float32 [slices, h, w], fastMRI’s submission format',
      )
      .argument('<path...>', 'files or folders; no ground truth is needed, and sub-sampled files are not masked again')
      .requiredOption('--out <folder>', 'where the reconstructions go')
      .addOption(
        new Option('--run <run>', 'a run’s number, RUN@EPOCH for one of its milestones, or zero-filled')
          .argParser(namedWeights)
          .default({ run: ZERO_FILLED, epoch: null }, ZERO_FILLED),
      ),
  ).action((paths: string[], options: Options, command: Command) =>
    inSession(command, async ({ services, signal, json }) => {
      const bar = progressBar('Reconstructing')
      const request = {
        paths: paths.map(callersPath),
        ...options.run,
        mask: maskFrom(options),
        directory: callersPath(options.out),
      }
      const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
        bar.update(done, total, label)
      const results = await reconstruct(services, request, { onProgress, signal }).finally(() => bar.stop())
      const written = results.filter(result => 'output' in result)
      for (const result of results) if ('reason' in result) say(`Skipped ${result.path}: ${result.reason}`)
      if (json) printJson({ ...options.run, volumes: results })
      else for (const { output } of written) print(output)
      if (written.length === 0) process.exitCode = 1
    }),
  )
