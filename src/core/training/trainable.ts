/**
 * Refuses, before a training begins, what is too small for training: images whose bottleneck has one pixel, batches
 * without anything to compare, selections without slices. The network would train without an error and learn nothing.
 */
import { AppError } from '../../contract/errors.ts'
import type { RunConfig } from '../../contract/runs.ts'
import { faultInWords, selectSlices, type VolumeInfo } from '../../contract/volumes.ts'
import { hasSmaller, type Smaller } from '../data/batches.ts'
import { leftOut, usableSlices } from '../data/slices.ts'
import { INPUTS } from '../inputs/index.ts'
import type { InputKind } from '../inputs/input.ts'
import { networkOf } from '../models/index.ts'
import { trainedNetwork } from '../models/trained.ts'
import { SSIM_MARGIN } from '../mri/metrics.ts'
import { requirePairs } from '../mri/require-mask.ts'
import { cropShape } from '../mri/transform.ts'
import { circumstancesOf } from '../ssl/cautions.ts'
import { methodOf } from '../ssl/index.ts'
import { smallerBatches } from '../ssl/pretext.ts'
import { makeStem } from '../ssl/trunk.ts'

const SSIM_WINDOW = 2 * SSIM_MARGIN + 1

const refuse = (message: string): never => {
  throw new AppError('INVALID_ARGUMENT', message)
}

/** The least number of samples in a batch of images of a volume's shape. */
function smallestBatches(
  train: readonly { readonly info: VolumeInfo; readonly samples: number }[],
  batch: number,
  smaller: Smaller,
  sizes: InputKind['sizes'],
): (info: VolumeInfo) => number {
  const shapeOf = (info: VolumeInfo) => sizes(info).join()
  const byShape = Map.groupBy(
    train.filter(({ samples }) => samples > 0),
    ({ info }) => shapeOf(info),
  )
  return info => {
    const count = (byShape.get(shapeOf(info)) ?? []).reduce((sum, { samples }) => sum + samples, 0)
    return hasSmaller(smaller, byShape.size) ? Math.min(batch, count % batch || batch) : batch
  }
}

/** Throws `INVALID_ARGUMENT` with what was expected, what was found, and the remedy. */
export function requireTrainable(
  { kind, method: methodId, methodConfig, slices, recipe: { batch }, ...config }: RunConfig,
  train: readonly VolumeInfo[],
  validation: readonly VolumeInfo[],
): void {
  const trained = trainedNetwork({ kind, ...config })
  const network = networkOf(trained.network)
  const settings = network.config.parse(trained.networkConfig)
  const input = INPUTS[network.takes]
  const method = kind === 'pretrain' && methodId !== null ? methodOf(methodId) : null
  const reference = kind === 'pretrain' ? null : 'ground truth'
  const chosen = (info: VolumeInfo) => usableSlices(info, slices, reference).length
  const faultsIn = (infos: readonly VolumeInfo[]) => {
    const faults = infos.flatMap(info =>
      leftOut(info, slices, reference).map(fault => `${info.file} ${faultInWords(fault)}`),
    )
    return faults.length > 0 ? ` Left out: ${faults.join(', ')}.` : ''
  }
  const ownSettings = method?.config.parse(methodConfig)
  const perSlice = method?.instances?.(ownSettings) ?? 1
  const samples = train.reduce((sum, info) => sum + chosen(info), 0) * perSlice
  if (samples === 0) {
    const files = train.map(info => `${info.file} (${info.slices} slices)`).join(', ')
    refuse(
      `Expected slices to train on, got none: of ${files} none can be used.${faultsIn(train)} ` +
        'Select other slices (--slices), or replace the files.',
    )
  }
  for (const info of validation)
    if (!method && selectSlices(slices, info.slices).length === 0)
      refuse(
        `Expected slices to validate on, got none of the ${info.slices} of ${info.file}. ` +
          'Select other slices (--slices), or take the volume out of the study’s validation.',
      )

  if (!method && validation.length > 0 && !validation.some(info => chosen(info) > 0))
    refuse(
      `Expected slices to validate on, got none that can be used.${faultsIn(validation)} ` +
        'Select other slices (--slices), replace the files, or take the volumes out of the study’s validation.',
    )

  function requireSize(shape: readonly [number, number], size: number, of: string, remedy: string): void {
    const why = network.tooSmall(settings, shape, size)
    if (why)
      refuse(`Expected larger images for ${network.label}, got ${shape.join(' × ')} pixels ${of}: ${why}${remedy}`)
  }

  if (method) {
    if (samples < batch)
      refuse(
        `Expected at least ${batch} training slices for a batch of ${batch}, got ${samples}.${faultsIn(train)} ` +
          'Take a smaller batch, or more slices.',
      )
    if (config.mask.file && config.pretext!.measurement === 'fresh')
      refuse(
        'Expected the fixed measurement under a mask file, got the fresh measurement. ' +
          'A mask file is one mask. Choose the fixed measurement.',
      )
    const refusal = method.refuses?.(ownSettings, circumstancesOf({ kind, ...config }, config.pretext!))
    if (refusal) refuse(refusal)
    const masked = method.maskedSide?.(ownSettings, config.pretext!)
    if (masked) requirePairs(config.mask, [masked, masked], `the ${masked} × ${masked} views of ${method.label}`)
    const tooFew = method.tooFew?.(ownSettings, { batch, samples })
    if (tooFew) refuse(tooFew)
    const side = method.smallestView(ownSettings)
    if (side !== null)
      requireSize([side, side], batch, `in the smallest views of ${method.label}`, ' Or take larger views.')
    method.head(ownSettings, makeStem(network, settings), { batch, samples })
    if (side !== null) return
  }
  const smallestOf = smallestBatches(
    train.map(info => ({ info, samples: chosen(info) * perSlice })),
    batch,
    method ? smallerBatches(method) : 'always',
    method ? input.shape : input.sizes,
  )
  for (const info of train) requireSize(input.shape(info), smallestOf(info), `in ${info.file}`, '')
  const smallest = Math.min(...train.map(smallestOf))
  for (const info of validation) {
    const shape = cropShape(info)
    requireSize(input.shape(info), smallest, `in ${info.file}`, '')
    if (!method && Math.min(...shape) < SSIM_WINDOW)
      refuse(
        `Expected at least ${SSIM_WINDOW} × ${SSIM_WINDOW} pixels for SSIM’s window in validation, ` +
          `got ${shape.join(' × ')} in ${info.file}. Take the volume out of the study’s validation.`,
      )
  }
}
