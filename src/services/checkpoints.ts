/** Checkpoints of other origin: any safetensors file whose tensors carry fastMRI's U-Net names. */
import { readFileSync } from 'node:fs'
import { AppError } from '../contract/errors.ts'
import { NETWORKS } from '../core/models/index.ts'
import { decodeCheckpoint } from '../core/training/checkpoint.ts'
import { fromTorch } from '../core/training/parameters.ts'

export interface ImportedNetwork {
  readonly network: keyof typeof NETWORKS
  readonly networkConfig: { readonly channels: number; readonly pools: number }
}

/** The network that a checkpoint file holds, told from its tensors; throws where it is none that is known. */
export function networkOfCheckpoint(path: string): ImportedNetwork {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a run’s number or a safetensors file, got: ${(cause as Error).message}`,
      cause,
    )
  }
  const { tensors } = decodeCheckpoint(bytes, path)
  const first = tensors.get('down_sample_layers.0.layers.0.weight')
  if (!first) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected fastMRI’s U-Net (down_sample_layers.0.layers.0.weight, …), got ${[...tensors.keys()].slice(0, 3).join(', ')} …, in ${path}`,
    )
  }
  let pools = 0
  while (tensors.has(`down_sample_layers.${pools}.layers.0.weight`)) pools++
  const networkConfig = { channels: first.shape[0], pools }
  fromTorch(tensors, NETWORKS.unet.parameters(networkConfig), path) // every name and shape is there, or this throws
  return { network: 'unet', networkConfig }
}
