/**
 * The numbers of the original work, as printed in its text. An unknown number is `null`.
 * Inferences are marked as such, because the original work does not state them.
 */
export interface OriginalRow {
  readonly label: string
  /** Id in the catalogue. `null`: the baseline, or all fine-tuned rows. */
  readonly method: string | null
  readonly network: string | null
  /** Epochs of pre-training, then of training with ground truth. */
  readonly epochs: string | null
  readonly sslLoss: string | null
  /** The loss of a network that has learned nothing. */
  readonly chance: string | null
  readonly ssim: string | null
  readonly psnr: string | null
  readonly nmse: string | null
  /** By how much the total time is below the baseline's. */
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

/** Statements of the original work about its numbers. */
const FACTS: readonly string[] = [
  'The original work states the baseline’s SSIM, 0.73, for less total time: ' +
    '60 % less for SimCLR, 37 % less for RotNet.',
  'The original work compares 10 epochs of fine-tuning with 50 epochs of the baseline. ' +
    'An epoch of SimCLR’s fine-tuning and an epoch of the baseline both take about 0.19 h.',
  'The original work has no control: the same 10 epochs without pre-training. Self-MRI adds this control. ' +
    'A reproduction also scores the baseline after 10, 20 and 30 epochs.',
]

/** Our inferences from its numbers. */
const INFERENCES: readonly string[] = [
  'We infer that the original work aggregated PSNR and NMSE in two ways, because both rows have the same SSIM. ' +
    'The baseline (26.79 dB, 0.042) fits fastMRI’s code before March 2021: per slice, with the slice’s maximum. ' +
    'The fine-tuned rows (32.06 dB, 0.034) fit the code since then: per volume. ' +
    'Self-MRI computes both, and shows the present code’s numbers first.',
  'We infer that the SwAV training never left the uniform solution. ' +
    'Its loss, 8.00, is the loss of a uniform prediction over 3000 prototypes: ' +
    `ln 3000 = ${Math.log(3000).toFixed(3)}.`,
  'We infer that RotNet’s images were flipped after the rotation. ' +
    `Its loss, 0.39, is near the floor for such images, ½ ln 2 = ${(Math.log(2) / 2).toFixed(3)}, ` +
    'because a flip makes 90° and 270° equal.',
  'We infer that PIRL’s normalising constant was fixed at the first batch, so that the term of the negatives grew. ' +
    'Its loss is 41.95, but with 32,000 negatives the loss starts at ' +
    `ln 32,001 + 1 = ${(Math.log(32_001) + 1).toFixed(2)}.`,
]

/** All statements about its numbers. An inference begins with 'We infer'. */
export const FACTS_AND_INFERENCES: readonly string[] = [...FACTS, ...INFERENCES]
