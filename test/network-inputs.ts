/** Inputs of noise for any network, as parts and as tensors. */
import type { Network } from '../src/core/models/network.ts'
import type { PlainTensor } from '../src/core/models/parameters.ts'
import { type PlainBatch, stackParts, tensorsOf } from '../src/core/models/parts.ts'
import { RandomState } from '../src/core/mri/random.ts'

/** Coils of k-space. */
const COILS = 2

function noise(random: RandomState, ...shape: number[]): PlainTensor {
  const length = shape.reduce((product, n) => product * n, 1)
  return { shape, data: Float32Array.from({ length }, () => random.normal()) }
}

/** Every other column, and four columns in the middle. */
const lines = (columns: number, isMeasured: (fromMiddle: number) => boolean): PlainTensor => ({
  shape: [1, columns, 1],
  data: Float32Array.from({ length: columns }, (_, i) => Number(isMeasured(i - Math.floor(columns / 2)))),
})
const isCentre = (column: number) => column >= -2 && column < 2

/** The parts of a slice of [height, width]. */
export function noiseParts<Config>(
  { takes, extras }: Pick<Network<Config>, 'takes' | 'extras'>,
  config: Config,
  [height, width]: readonly [number, number],
  seed: number,
): PlainBatch {
  const random = RandomState.fromSeed(seed)
  if (takes === 'magnitude') return { image: noise(random, height, width, 1) }
  const wanted = extras?.(config) ?? []
  const mask = lines(width, column => column % 2 === 0 || isCentre(column))
  const full = noise(random, COILS, height, width, 2)
  const kspace = { ...full, data: full.data.map((value, i) => value * mask.data[Math.floor(i / 2) % width]) }
  const measured = {
    kspace,
    mask,
    ...(wanted.includes('maps') && { maps: unitMaps(noise(random, COILS, height, width, 2)) }),
    ...(wanted.includes('centre') && { centre: lines(width, isCentre) }),
  }
  if (takes === 'kspace') return measured
  return { image: noise(random, height, width, 2), ...(wanted.length > 0 && measured) }
}

/** Maps [coils, …, 2] whose squares sum to 1 in each pixel. */
function unitMaps({ shape, data }: PlainTensor): PlainTensor {
  const size = data.length / shape[0]
  const scaled = new Float32Array(data.length)
  for (let pixel = 0; pixel < size; pixel += 2) {
    let squares = 0
    for (let at = pixel; at < data.length; at += size) squares += data[at] ** 2 + data[at + 1] ** 2
    for (let at = pixel; at < data.length; at += size)
      for (const i of [at, at + 1]) scaled[i] = data[i] / Math.sqrt(squares)
  }
  return { shape, data: scaled }
}

/** A batch of such slices. The caller disposes the tensors. */
export const noiseInput = <Config>(
  network: Pick<Network<Config>, 'takes' | 'extras'>,
  config: Config,
  shape: readonly [number, number],
  seed: number,
  batch = 1,
) => tensorsOf(stackParts(Array.from({ length: batch }, (_, i) => noiseParts(network, config, shape, seed + i))))

/** Settings of small networks for tests. Each network reads its own. */
export const SMALL_NETWORK = { channels: 2, cascades: 2, mapChannels: 2, blocks: 2, layers: 3, iterations: 3 }
