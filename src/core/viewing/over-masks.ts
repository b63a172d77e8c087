/** How much an image depends on the mask: mean and spread of each pixel over several masks. */
import { AppError } from '../../contract/errors.ts'
import { type OverMasks, SPREAD_SEEDS } from '../../contract/images.ts'
import { pixelStatistics } from '../mri/aspects.ts'
import { acceleration } from '../mri/pattern.ts'
import { mean } from '../statistics.ts'
import type { Picture } from './frame.ts'
import { pictureOf } from './shows.ts'
import type { Subject } from './subject.ts'

const refuse = (message: string): never => {
  throw new AppError('INVALID_ARGUMENT', message)
}

/**
 * Mean and spread of each pixel over masks from seeds 0 … `SPREAD_SEEDS` − 1: how much the image depends on the mask.
 * `draw` makes the image of one seed, so the caller decides what happens between two images.
 */
export async function picturesOverMasks(
  draw: (seed: number) => Promise<Picture>,
): Promise<Readonly<Record<OverMasks, Picture>>> {
  const pictures: Picture[] = []
  for (let seed = 0; seed < SPREAD_SEEDS; seed++) pictures.push(await draw(seed))
  const [{ shape, units, pixelSize }] = pictures
  const images = pixelStatistics(pictures.map(({ image }) => image))
  const cautions = [...new Set(pictures.flatMap(picture => picture.cautions ?? []))]
  const accelerations = mean(pictures.map(({ mask }) => acceleration(mask!)))
  const told = (image: Float32Array, what: string): Picture => ({
    image,
    shape,
    units,
    pixelSize,
    acceleration: accelerations,
    cautions,
    note: `${what} of each pixel over ${SPREAD_SEEDS} masks, seeds 0 to ${SPREAD_SEEDS - 1}.`,
  })
  return { mean: told(images.mean, 'Mean'), spread: told(images.spread, 'Standard deviation (n − 1)') }
}

/** Throws `INVALID_ARGUMENT` if the source has at most one mask. */
export function requireSeveralMasks({
  source,
  volume,
  mask,
  coil,
}: Pick<Subject, 'source' | 'volume' | 'mask' | 'coil'>): void {
  if (source === 'truth')
    refuse(
      'Expected a source that depends on the mask, got the ground truth. ' +
        'Choose zero-filled, a run or a classical method.',
    )
  if (volume.mask)
    refuse(
      'Expected a fully sampled file to draw masks for, got a file that was sub-sampled in the scanner and has only ' +
        `one mask, ${volume.info.path}. Look at its image instead.`,
    )
  if (mask.stored)
    refuse(
      `Expected a mask that is drawn, got a mask file, which is one mask, ${mask.stored.path}. ` +
        'Look at its image instead, or choose a mask that is drawn.',
    )
  if (coil !== null)
    refuse(
      `Expected all coils over several masks, got coil ${coil + 1}. Choose all coils, or look at one mask’s image.`,
    )
}

/** The image for one of several masks. Throws as `requireSeveralMasks`. */
export async function imageOfDraw(subject: Subject): Promise<Picture> {
  requireSeveralMasks(subject)
  return pictureOf('image', subject)
}
