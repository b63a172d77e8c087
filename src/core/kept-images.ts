/** Images of classical methods that are kept between calls, because an image takes seconds. */
import type { ClassicalId } from '../contract/classical.ts'
import type { Pattern } from './mri/pattern.ts'
import type { ClassicalConfig } from './mri/sense/index.ts'

/** What an image depends on. */
export interface ImageKey {
  /** `VolumeContent.identity` */
  readonly identity: string
  readonly slice: number
  /** The measured samples. */
  readonly pattern: Pattern
  readonly classical: ClassicalId
  /** Complete. */
  readonly config: ClassicalConfig
}

export interface KeptImages {
  /** The magnitude [crop height, crop width]. `undefined`: not kept. */
  find(key: ImageKey): Float32Array | undefined
  keep(key: ImageKey, image: Float32Array): void
}

export const KEEP_NO_IMAGES: KeptImages = { find: () => undefined, keep() {} }
