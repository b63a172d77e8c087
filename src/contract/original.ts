/**
 * The original work's numbers, as far as they are known here, as it prints them; what is not known is `null`. What is inferred about them is
 * marked so: the original work does not say it.
 */
export interface OriginalRow {
  readonly label: string
  /** The catalogue's id; `null`: the baseline, or all fine-tuned rows. */
  readonly method: string | null
  readonly network: string | null
  /** Of pre-training and of training with ground truth. */
  readonly epochs: string | null
  readonly sslLoss: string | null
  /** The level of a network that has learned nothing, where it is known. */
  readonly chance: string | null
  readonly ssim: string | null
  readonly psnr: string | null
  readonly nmse: string | null
  /** Total time less than the baseline's, as stated. */
  readonly saving: string | null
}

const UNKNOWN = { method: null, network: null, epochs: null, sslLoss: null, chance: null, saving: null }
const NO_METRICS = { ssim: null, psnr: null, nmse: null }

export const ORIGINAL_BASELINE: OriginalRow = {
  ...UNKNOWN,
  label: 'Baseline',
  epochs: '50',
  ssim: '0.73',
  psnr: '26.79',
  nmse: '0.042',
}

export const ORIGINAL_ROWS: readonly OriginalRow[] = [
  {
    ...NO_METRICS,
    label: 'SimCLR',
    method: 'simclr',
    network: 'U-Net',
    epochs: '50, 100, 200; then 10',
    sslLoss: '2.96',
    chance: 'ln(2N − 1), N the batch',
    ssim: '0.73',
    saving: '60 %',
  },
  {
    ...NO_METRICS,
    label: 'SwAV',
    method: 'swav',
    network: 'U-Net++',
    epochs: '100; then 10',
    sslLoss: '8.00',
    chance: `ln 3000 = ${Math.log(3000).toFixed(2)}`,
    saving: null,
  },
  {
    ...NO_METRICS,
    label: 'PIRL',
    method: 'pirl',
    network: 'U-Net-32',
    epochs: '100 to 1000; then 10',
    sslLoss: '41.95',
    chance: null,
    saving: null,
  },
  {
    ...NO_METRICS,
    label: 'RotNet',
    method: 'rotnet',
    network: 'U-Net-64',
    epochs: '100 to 200; then 10',
    sslLoss: '0.39',
    chance: `ln 4 = ${Math.log(4).toFixed(2)}`,
    ssim: '0.73',
    saving: '37 %',
  },
  { ...UNKNOWN, label: 'Fine-tuned rows, whatever the method', ssim: '0.73', psnr: '32.06', nmse: '0.034' },
  ORIGINAL_BASELINE,
]

/** What is known about its numbers. */
const FACTS: readonly string[] = [
  'The original work states the same SSIM, 0.73, for less total time than the baseline: 60 % less for SimCLR, 37 % less for RotNet.',
  'It compares 10 epochs of fine-tuning with 50 epochs of the baseline, without a control: the same 10 epochs without pre-training; an epoch of SimCLR’s fine-tuning and one of the baseline both cost about 0.19 h. The rows here have that control, and the baseline after 10, 20 and 30 epochs where it was asked for.',
]

/** What its numbers suggest. */
const INFERENCES: readonly string[] = [
  'We infer that the baseline’s PSNR and NMSE (26.79 dB, 0.042) and those of the fine-tuned rows (32.06 dB, 0.034), at the same SSIM, were aggregated differently: the former fit fastMRI’s code before March 2021, per slice and by that slice’s maximum, the latter the code since then, per volume. Both are computed here; the present one leads.',
  `We infer that the SwAV run never left the uniform solution: its loss, 8.00, is that of a uniform prediction over 3000 prototypes, ln 3000 = ${Math.log(3000).toFixed(3)}.`,
  `We infer that RotNet’s loss, 0.39, is near the floor of images flipped after they are rotated, ½ ln 2 = ${(Math.log(2) / 2).toFixed(3)}: a flip then makes 90° and 270° the same.`,
  `We infer that PIRL’s loss, 41.95, above the ln 32,001 + 1 = ${(Math.log(32_001) + 1).toFixed(2)} at which it starts with 32,000 negatives, comes of a normalising constant that is fixed at the first batch, so that the term of the negatives grows.`,
]

/** All that is said of its numbers; an inference begins with 'We infer'. */
export const FACTS_AND_INFERENCES: readonly string[] = [...FACTS, ...INFERENCES]
