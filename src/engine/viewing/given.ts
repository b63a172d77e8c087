/** What networks gave of slices, kept in memory: a slider of cascades and several shows need one pass. */
import type { Model } from '../../core/models/model.ts'
import { giveSlice, type SliceGiven } from '../../core/viewing/given.ts'
import { keepSlices } from './kept-slices.ts'
import { keepImage } from './made.ts'

/** Room for four slices of 15 coils, 640 × 372 samples and 12 cascades. */
const MOST_BYTES = 200e6

const arraysOf = ({ image, kspace, complexImage, cascades, maps }: SliceGiven) =>
  [image, kspace, complexImage, ...cascades, maps?.magnitudes, maps?.phases].filter(array => array != null)

const kept = keepSlices<Model, SliceGiven>(MOST_BYTES, given =>
  arraysOf(given).reduce((sum, { byteLength }) => sum + byteLength, 0),
)

/** As `giveSlice`. The image is kept with the panes' images too. */
export async function givenOf(...request: Parameters<typeof giveSlice>): Promise<SliceGiven> {
  const [volume, slice, pattern, maker] = request
  const of = { volume, slice, pattern, maker }
  const known = kept.find(of)
  if (known) return known
  const given = await giveSlice(...request)
  keepImage(volume, slice, pattern, maker, given.image)
  return kept.keep(of, given)
}
