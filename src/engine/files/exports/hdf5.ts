/**
 * fastMRI's submission format: the dataset `reconstruction`, float32 [slices, height, width]. A single slice gives a
 * volume of one slice.
 */

import { classicalInWords } from '../../../contract/classical.ts'
import { originWords } from '../../../contract/origin.ts'
import { writeReconstruction } from '../hdf5-write.ts'
import type { WriteReconstruction } from './reconstruction.ts'

export const writeHdf5: WriteReconstruction = (path, { images, shape, slice, info, provenance }) =>
  writeReconstruction(path, images, shape, {
    run: provenance.run,
    ...(provenance.classical && { method: classicalInWords(provenance.classical) }),
    source: info.file,
    notice: [originWords(info.origin)?.notice, 'Research use only. Not a medical device.'].filter(Boolean).join(' '),
    mask: provenance.mask,
    units: provenance.units === 'arbitrary' ? 'arbitrary' : 'of the k-space',
    ...(provenance.checkpoint && { checkpoint: provenance.checkpoint }),
    ...(slice !== null && { slice: slice + 1 }),
  })
