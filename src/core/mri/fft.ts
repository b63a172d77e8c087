/**
 * The zero-filled image: |centred orthonormal inverse 2-D DFT| of masked k-space, any size (fastMRI `fftc.py`):
 * x = fftshift(IDFT(ifftshift(k · mask))) · √(H·W). Origin at index ⌊n/2⌋ in both domains.
 * Only measured columns are transformed along themselves, and only the crop's rows along the other axis.
 * k-space is not shifted, because a shift of k-space changes only the image's phase.
 */
import type { Kernels } from '../kernels.ts'
import { gatherColumns, measuredColumns } from './mask.ts'

type Memory = (length: number) => Float32Array<ArrayBuffer>

/** Working memory of the length that was requested last. All slices of a volume request one length. */
function keptMemory(): Memory {
  let kept = new Float32Array()
  return length => {
    if (kept.length !== length) kept = new Float32Array(length)
    return kept
  }
}

/** Makes zero-filled images. `image` reuses its working memory, so make one `ZeroFilling` per loop over slices. */
export interface ZeroFilling {
  /**
   * k-space [rows, columns, 2] → magnitude [crop height, crop width]. Only the mask's columns are read.
   * The crop starts at ⌊(n − size)/2⌋.
   */
  image(kspace: Float32Array, mask: Uint8Array, crop: readonly [number, number]): Float32Array
  /** As `image`, for one k-space under several masks: each column is transformed along itself once. */
  underMasks(kspace: Float32Array, columns: number, crop: readonly [number, number]): (mask: Uint8Array) => Float32Array
}

export function makeZeroFilling({ inverseDft }: Pick<Kernels, 'inverseDft'>): ZeroFilling {
  const working: Working = { inverseDft, lines: keptMemory(), some: keptMemory() }
  const alongRows = keptMemory()
  return {
    image: (kspace, mask, crop) => zeroFilling(working, kspace, mask.length, crop, alongRows)(mask),
    underMasks: (kspace, columns, crop) => zeroFilling(working, kspace, columns, crop, newMemory),
  }
}

interface Working extends Pick<Kernels, 'inverseDft'> {
  readonly lines: Memory
  readonly some: Memory
}

const newMemory: Memory = length => new Float32Array(length)

function zeroFilling(
  { inverseDft, lines: linesMemory, some: someMemory }: Working,
  kspace: Float32Array,
  columns: number,
  [height, width]: readonly [number, number],
  memory: Memory,
): (mask: Uint8Array) => Float32Array {
  const rows = kspace.length / (2 * columns)
  const top = cropStart(rows, height)
  const left = cropStart(columns, width)
  const scale = Math.sqrt(rows * columns)
  const alongRows = memory(2 * height * columns).fill(0) // [row of the crop, column, 2], of the columns that are done
  const done = new Uint8Array(columns)

  /** Transforms the mask's columns along themselves, without the columns that are done. */
  function addColumns(mask: Uint8Array): void {
    const missing = mask.map((isMeasured, column) => Number(isMeasured && !done[column]))
    if (!missing.includes(1)) return
    const added = measuredColumns(missing)
    const lines = inverseDft(gatherColumns(kspace, missing, linesMemory), added.length, rows) // [added, row, 2]
    for (let row = 0, source = top; row < height; row++, source = source + 1 === rows ? 0 : source + 1) {
      for (let i = 0; i < added.length; i++) {
        const from = 2 * (i * rows + source)
        const to = 2 * (row * columns + added[i])
        alongRows[to] = lines[from]
        alongRows[to + 1] = lines[from + 1]
      }
    }
    for (const column of added) done[column] = 1
  }

  /** The done columns that the mask measures. All other columns are 0. */
  function only(mask: Uint8Array): Float32Array {
    if (done.every((isDone, column) => !isDone || mask[column])) return alongRows
    const measured = measuredColumns(mask)
    const some = someMemory(alongRows.length).fill(0)
    for (let start = 0; start < some.length; start += 2 * columns) {
      for (let i = 0; i < measured.length; i++) {
        const at = start + 2 * measured[i]
        some[at] = alongRows[at]
        some[at + 1] = alongRows[at + 1]
      }
    }
    return some
  }

  return mask => {
    addColumns(mask)
    const both = inverseDft(only(mask), height, columns)
    const image = new Float32Array(height * width)
    let to = 0
    for (let row = 0; row < height; row++) {
      for (let i = 0, column = left; i < width; i++, column = column + 1 === columns ? 0 : column + 1) {
        const from = 2 * (row * columns + column)
        image[to++] = scale * Math.sqrt(both[from] * both[from] + both[from + 1] * both[from + 1])
      }
    }
    return image
  }
}

/** First index of an axis's central crop in the DFT's result, which has its origin at index 0. */
function cropStart(length: number, size: number): number {
  return (Math.floor((length - size) / 2) + Math.ceil(length / 2)) % length
}
