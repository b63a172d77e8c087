/**
 * The zero-filled image: |centred orthonormal inverse 2-D DFT| of masked k-space, any size (fastMRI `fftc.py`):
 * x = fftshift(IDFT(ifftshift(k · mask))) · √(H·W). Origin at index ⌊n/2⌋ in both domains.
 * Only measured columns are transformed along themselves, and only the crop's rows along the other axis; k-space is not
 * shifted, as a shift there only turns the image's phase.
 */
import { kernels } from '../kernels.ts'
import { gatherColumns, measuredColumns } from './mask.ts'

/** Working memory, as long as it was last asked for: a volume's slices all ask for the same. */
function keptMemory(): (length: number) => Float32Array<ArrayBuffer> {
  let kept = new Float32Array()
  return length => {
    if (kept.length !== length) kept = new Float32Array(length)
    return kept
  }
}

const linesMemory = keptMemory()
const croppedMemory = keptMemory()

/**
 * k-space [rows, columns, 2], of which only the mask's columns are looked at → magnitude [crop height, crop width];
 * the crop starts at ⌊(n − size)/2⌋.
 */
export function zeroFilledImage(
  kspace: Float32Array,
  mask: Uint8Array,
  [height, width]: readonly [number, number],
): Float32Array {
  const columns = mask.length
  const measured = measuredColumns(mask)
  const lines = gatherColumns(kspace, mask, linesMemory) // [measured, row, 2]
  const rows = kspace.length / (2 * columns)
  const top = cropStart(rows, height)
  const left = cropStart(columns, width)

  const { inverseDft } = kernels()
  const alongRows = inverseDft(lines, measured.length, rows)
  const cropped = croppedMemory(2 * height * columns).fill(0) // [row of the crop, column, 2]
  for (let row = 0, source = top; row < height; row++, source = source + 1 === rows ? 0 : source + 1) {
    for (let i = 0; i < measured.length; i++) {
      const from = 2 * (i * rows + source)
      const to = 2 * (row * columns + measured[i])
      cropped[to] = alongRows[from]
      cropped[to + 1] = alongRows[from + 1]
    }
  }

  const both = inverseDft(cropped, height, columns)
  const image = new Float32Array(height * width)
  const scale = Math.sqrt(rows * columns)
  let to = 0
  for (let row = 0; row < height; row++) {
    for (let i = 0, column = left; i < width; i++, column = column + 1 === columns ? 0 : column + 1) {
      const from = 2 * (row * columns + column)
      image[to++] = scale * Math.sqrt(both[from] * both[from] + both[from + 1] * both[from + 1])
    }
  }
  return image
}

/** Where an axis's central crop starts in what the DFT returns, which has its origin at index 0. */
function cropStart(length: number, size: number): number {
  return (Math.floor((length - size) / 2) + Math.ceil(length / 2)) % length
}
