/** Writes volumes of noise and checkpoints of untrained networks, for tests of the engine. */
import { join } from 'node:path'
import { Dataset, File, ready } from 'h5wasm/node'
import { networkOf } from '../../../../src/core/models/index.ts'
import { initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { writeFastMri } from '../../../../src/engine/files/hdf5-write.ts'
import { writeCheckpoint } from '../../../../src/engine/files/whole-files.ts'
import type { ModelReference } from '../../../../src/engine/process/protocol.ts'
import { kspaceOf, sampled } from '../../../kspace.ts'
import { noiseVolume } from '../../../volumes.ts'

const all = (slices: number, read: (index: number) => Float32Array) => Array.from({ length: slices }, (_, i) => read(i))

/**
 * Writes `noiseVolume(name)` in fastMRI's format, and gives the path. With `truth`, the ground truth is replaced by an
 * image of ones of this size.
 */
export async function writeNoise(
  directory: string,
  name: string,
  size: Parameters<typeof noiseVolume>[1] = {},
  { header = '', truth: other = null as readonly [number, number] | null } = {},
) {
  const { info, readKspace, readTarget } = noiseVolume(name, size)
  const path = join(directory, `${name}.h5`)
  const truth = all(info.slices, index => (other ? new Float32Array(other[0] * other[1]).fill(1) : readTarget(index)!))
  await writeFastMri(path, {
    matrix: [info.rows, info.columns],
    kspace: all(info.slices, readKspace),
    imageSize: other ?? [info.rows, info.columns],
    reconstruction: truth,
    noiseFree: truth,
    header,
    attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: name, generator: 'test' },
  })
  return path
}

/** Writes an object with noise. If `isFilled`, its k-space keeps only the middle, as after zero-filling. */
export async function writeObject(directory: string, name: string, { seed = 1, isFilled = false } = {}) {
  const [rows, columns] = [64, 60]
  const kspace = kspaceOf({ rows, columns, seed, noise: 0.05 }).map((value, i) => {
    const [row, column] = [Math.floor((i >> 1) / columns), (i >> 1) % columns]
    const isOuter = Math.abs(row - rows / 2) > 0.4 * rows || Math.abs(column - columns / 2) > 0.4 * columns
    return isFilled && isOuter ? 0 : value
  })
  const image = [new Float32Array(rows * columns).fill(1)]
  const path = join(directory, `${name}.h5`)
  await writeFastMri(path, {
    matrix: [rows, columns],
    kspace: [kspace],
    imageSize: [rows, columns],
    reconstruction: image,
    noiseFree: image,
    header: '',
    attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: name, generator: 'test' },
  })
  return path
}

/**
 * Writes the k-space of `noiseVolume(name)`, without ground truth, and gives the path. A ground truth is computed from
 * full k-space. With `partialFourier`, the first quarter of the columns is zero, and there is no ground truth.
 */
export async function writeKspaceAlone(directory: string, name: string, { partialFourier = false } = {}) {
  await ready
  const path = join(directory, `${name}.h5`)
  const file = new File(path, 'w')
  const { info, readKspace } = noiseVolume(name)
  const first = partialFourier ? info.columns / 4 : 0
  const measured = (slice: Float32Array) => sampled(slice, info.columns, (_, column) => column >= first)
  addKspace(
    file,
    [info.slices, info.rows, info.columns],
    all(info.slices, index => measured(readKspace(index))),
  )
  file.close()
  return path
}

/** Writes `noiseVolume(name)` as fastMRI's multi-coil files, and gives the path. */
export async function writeCoils(directory: string, name: string, size: Parameters<typeof noiseVolume>[1]) {
  await ready
  const path = join(directory, `${name}.h5`)
  const file = new File(path, 'w')
  const { info, readKspace, readTarget } = noiseVolume(name, size)
  const { slices, coils, rows, columns } = info
  addKspace(file, [slices, coils, rows, columns], all(slices, readKspace))
  const truth = all(slices, index => readTarget(index)!)
  file.create_dataset({
    name: 'reconstruction_rss',
    data: Float32Array.from(truth.flatMap(image => Array.from(image))),
    shape: [slices, rows, columns],
    dtype: '<f',
  })
  file.create_attribute('patient_id', name)
  file.close()
  return path
}

function addKspace(file: File, shape: number[], slices: readonly Float32Array[]): void {
  const values = slices.flatMap(slice => Array.from(slice))
  const part = (offset: number) => Float32Array.from({ length: values.length / 2 }, (_, i) => values[2 * i + offset])
  file.create_dataset({
    name: 'kspace',
    data: new Map([
      ['r', part(0)],
      ['i', part(1)],
    ]),
    shape,
    dtype: [
      ['r', '<f'],
      ['i', '<f'],
    ],
  })
}

/** Writes a small file whose k-space has `shape`, and was never written. Gives the path. */
export async function writeUnwritten(path: string, shape: readonly number[]): Promise<string> {
  await ready
  const file = new File(path, 'w')
  file.create_dataset({
    name: 'kspace',
    data: new Map([
      ['r', new Float32Array(1)],
      ['i', new Float32Array(1)],
    ]),
    shape: shape.map(() => 1),
    maxshape: shape.map(() => null),
    chunks: shape.map((_, axis) => (axis < shape.length - 2 ? 1 : 64)),
    dtype: [
      ['r', '<f'],
      ['i', '<f'],
    ],
  })
  const dataset = file.get('kspace')
  if (!(dataset instanceof Dataset)) throw new Error('Expected a dataset')
  dataset.resize([...shape])
  file.close()
  return path
}

/** Writes the checkpoint of a network with random weights. */
export async function writeModel(
  path: string,
  network: string,
  networkConfig: unknown,
  seed = 1,
): Promise<ModelReference> {
  const specs = networkOf(network).parameters(networkConfig)
  await writeCheckpoint(path, { tensors: toTorch(initialParameters(specs, seed), specs), metadata: {} })
  return { network, networkConfig, checkpoint: path }
}

export const writeUnet = (path: string, seed: number, channels = 2): Promise<ModelReference> =>
  writeModel(path, 'unet', { channels, pools: 4 }, seed)
