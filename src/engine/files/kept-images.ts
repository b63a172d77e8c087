/** Images of classical methods that are kept on disk, one file per slice, mask, method and settings. */
import { join } from 'node:path'
import { z } from 'zod'
import { CLASSICAL_VERSION } from '../../core/classical.ts'
import type { ImageKey, KeptImages } from '../../core/kept-images.ts'
import { keptDirectory } from '../install/environment.ts'
import { type Kept, keptArrays, keptName } from './kept-arrays.ts'
import { MAPS_VERSION } from './kept-maps.ts'

/** 8 GB hold about 19 500 images of 320 × 320. */
const MOST_BYTES = 8e9

const Arrays = z.object({ image: z.instanceof(Float32Array) })
const decode = ({ arrays }: Kept) => Arrays.parse(arrays).image as Float32Array

const nameOf = ({ identity, slice, pattern, classical, config }: ImageKey): string =>
  keptName([CLASSICAL_VERSION, MAPS_VERSION, identity, slice, classical, config], pattern)

/** Images in a folder. */
export function keptImages(folder: string, mostBytes = MOST_BYTES): KeptImages {
  const files = keptArrays(folder, mostBytes)
  return {
    find: key => files.find(nameOf(key), decode),
    keep: (key, image) => files.keep(nameOf(key), { arrays: { image }, described: null }),
  }
}

let shared: KeptImages | null = null
const open = () => {
  shared ??= keptImages(join(keptDirectory(), 'images'))
  return shared
}

/** Images of all engine processes. */
export const sharedImages: KeptImages = {
  find: key => open().find(key),
  keep: (key, image) => open().keep(key, image),
}
