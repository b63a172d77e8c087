import process from 'node:process'
import Table from 'cli-table3'
import { Command, Option } from 'commander'
import { classicalInWords } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { Evaluation, Metrics } from '../../contract/evaluation.ts'
import { originMark } from '../../contract/origin.ts'
import { faultInWords, type SliceSelection } from '../../contract/volumes.ts'
import { accelerationInWords, CLASSICAL_CAUTION, protocolSentence, RESEARCH_ONLY } from '../../presentation/protocol.ts'
import { callersPath } from '../../services/profile/paths.ts'
import type { Scored } from '../../services/studies/contents/chosen.ts'
import { findStudy, volumesOf } from '../../services/studies/studies.ts'
import { evaluate, ZERO_FILLED } from '../../services/viewing/evaluations.ts'
import {
  addMaskOptions,
  CLASSICAL_HELP,
  type MaskOptions,
  maskFrom,
  type NamedWeights,
  runOption,
  STUDY_HELP,
  sliceSelection,
  wholeNumber,
} from '../options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, progressBar, say } from '../terminal.ts'

interface Options extends MaskOptions {
  readonly run: NamedWeights
  readonly study?: string
  readonly maskDraws?: number
  readonly slices: SliceSelection
  readonly reference: 'ground truth' | 'noise-free'
}

const cells = ({ ssim, psnr, nmse }: Metrics) => [ssim.toFixed(3), psnr.toFixed(2), nmse.toFixed(4)]

function headingOf({ run, protocol: { classical } }: Evaluation, epoch: number | null): string {
  if (classical) return classicalInWords(classical)
  return run === ZERO_FILLED ? 'Zero-filled' : `Run ${run}${epoch === null ? '' : ` at epoch ${epoch}`}`
}

function describe(evaluation: Evaluation, { epoch }: NamedWeights): string {
  const table = new Table({
    head: ['file', 'slices', 'acceleration', 'SSIM', 'PSNR (dB)', 'NMSE', 'foreground SSIM', 'PSNR (dB)', 'NMSE'],
    style: { head: [], border: [], compact: true },
  })
  for (const volume of evaluation.volumes) {
    const ssim = volume.sd ? `${volume.ssim.toFixed(3)} ± ${volume.sd.ssim.toFixed(3)}` : volume.ssim.toFixed(3)
    const file = volume.file + originMark(volume.origin)
    table.push([
      file,
      volume.slices,
      accelerationInWords(volume),
      ssim,
      ...cells(volume).slice(1),
      ...cells(volume.foreground),
    ])
  }
  if (evaluation.mean)
    table.push(['mean over volumes', '', '', ...cells(evaluation.mean), ...cells(evaluation.mean.foreground)])
  const { classical } = evaluation.protocol
  return [
    headingOf(evaluation, epoch),
    table.toString(),
    ...(classical ? [CLASSICAL_CAUTION] : []),
    ...evaluation.volumes.flatMap(({ file, leftOut, sampling, remarks = [] }) => [
      ...(leftOut ? [`Omitted from ${file}: ${leftOut.map(faultInWords).join(', ')}.`] : []),
      ...(sampling === 'masked here' ? [] : [`${file}: sub-sampled in the file, so no mask is applied.`]),
      ...remarks.map(remark => `${file}: ${remark}`),
    ]),
    protocolSentence(evaluation.protocol),
    RESEARCH_ONLY,
  ].join('\n')
}

function scoredOf(paths: readonly string[], name: string | undefined, { services }: Session): Scored {
  if (name !== undefined && paths.length === 0) {
    const study = findStudy(services.profile, name)
    return { study, volumes: volumesOf(study, 'test') }
  }
  if (paths.length === 0)
    throw new AppError('INVALID_ARGUMENT', 'Expected files or folders to score, or --study NAME for its test volumes')
  return { paths: paths.map(callersPath) }
}

export const evaluateCommand = (): Command =>
  addMaskOptions(
    new Command('evaluate')
      .description('Score reconstructions as fastMRI does: SSIM, PSNR, NMSE per volume')
      .argument('[path...]', 'files or folders')
      .option('--study <name>', `score the test volumes of a study, if no path is given: ${STUDY_HELP}`)
      .addOption(runOption(`a run’s number, RUN@EPOCH for a milestone of the run, zero-filled, ${CLASSICAL_HELP}`))
      .option(
        '--mask-draws <n>',
        'mean and SD over n masks with seeds 0 to n − 1, instead of one mask seeded by the file name',
        wholeNumber,
      )
      .option('--slices <which>', 'all, middle, every:N or A-B (from 1)', sliceSelection, { kind: 'all' } as const)
      .addOption(
        new Option('--reference <image>', 'image that the scores compare with')
          .choices(['ground truth', 'noise-free'])
          .default('ground truth'),
      ),
  ).action((paths: string[], options: Options, command: Command) =>
    inSession(command, async session => {
      if (options.maskDraws === 0) throw new AppError('INVALID_ARGUMENT', '--mask-draws: expected at least 1, got 0')
      const mask = maskFrom(options)
      if (options.maskDraws !== undefined && mask.file)
        throw new AppError('INVALID_ARGUMENT', '--mask-draws: a mask file is one mask. Omit the option.')
      const bar = progressBar('Scoring')
      const settings = {
        mask,
        maskDraws: options.maskDraws ?? null,
        slices: options.slices,
        reference: options.reference,
      }
      const request = { of: scoredOf(paths, options.study, session), ...options.run, settings }
      const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
        bar.update(done, total, label)
      const evaluation = await evaluate(session.services, request, { onProgress, signal: session.signal }).finally(() =>
        bar.stop(),
      )
      for (const { path, reason } of evaluation.skipped) say(`Skipped ${path}: ${reason}`)
      if (session.json) printJson(evaluation)
      else if (evaluation.mean) print(describe(evaluation, options.run))
      if (!evaluation.mean) {
        say('No volume could be scored.')
        process.exitCode = 1
      }
    }),
  )
