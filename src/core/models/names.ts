/** Names of tensors in other programs' files. A training module of PyTorch puts its own names around a network's. */
import type { PlainTensor } from './parameters.ts'

/**
 * Tensors beside a network's weights that nothing here depends on: batch norm's count of batches, the window of
 * fastMRI's SSIM loss, and sums of fastMRI's metrics.
 */
const BESIDE =
  /(?:^|\.)(?:num_batches_tracked|(?:ssim_)?loss\.w|(?:NMSE|SSIM|PSNR|ValLoss|TestLoss|Tot(?:Slice)?Examples)\.quantity)$/i

export const isBesideWeights = (name: string): boolean => BESIDE.test(name)

/** More than modules around a network are nested. The limit bounds the time for damaged files. */
const MOST_PREFIXES = 8

/**
 * Prefixes that all names have, shortest first: '' and, for `model.unet.conv` and `model.unet.bias`, `model.` and
 * `model.unet.`.
 */
export function prefixesOf(names: Iterable<string>): string[] {
  const [first = '', ...others] = names
  const prefixes = ['']
  for (let end = first.indexOf('.'); end >= 0 && prefixes.length < MOST_PREFIXES; end = first.indexOf('.', end + 1)) {
    const prefix = first.slice(0, end + 1)
    if (!others.every(name => name.startsWith(prefix))) break
    prefixes.push(prefix)
  }
  return prefixes
}

/** The tensors under their names after `prefix`, which all names have. */
export const withoutPrefix = (
  tensors: ReadonlyMap<string, PlainTensor>,
  prefix: string,
): ReadonlyMap<string, PlainTensor> =>
  prefix === '' ? tensors : new Map(Array.from(tensors, ([name, tensor]) => [name.slice(prefix.length), tensor]))
