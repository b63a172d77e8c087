/** The augmentations of single-channel images, all drawing from one random stream in the order they are called. */
import type { RandomState } from '../../mri/random.ts'
import { gaussianBlur } from './blur.ts'
import { distort } from './intensity.ts'
import { randomBox, resizeBox } from './resized-crop.ts'

const uniform = (random: RandomState, low: number, high: number) => low + (high - low) * random.uniform()

export function augmentations(random: RandomState) {
  return {
    /**
     * A random box (at least `minimumArea` of the image, aspect 3/4 to 4/3), resized with antialiasing to [size, size].
     */
    resizedCrop: (image: Float32Array, shape: readonly [number, number], size: number, minimumArea: number) =>
      resizeBox(image, shape, randomBox(shape, minimumArea, random), size),

    /** Flips left to right with probability ½. */
    flip(image: Float32Array, width: number): Float32Array {
      if (random.uniform() >= 0.5) return image
      const flipped = image.slice()
      for (let row = 0; row < flipped.length; row += width) flipped.subarray(row, row + width).reverse()
      return flipped
    },

    /** Gamma, contrast and brightness together; `strength` 1 is the strongest. */
    distortIntensity: (image: Float32Array, strength: number) =>
      distort(image, {
        gamma: Math.exp(uniform(random, -strength, strength)),
        contrast: uniform(random, 1 - 0.8 * strength, 1 + 0.8 * strength),
        brightness: uniform(random, 1 - 0.8 * strength, 1 + 0.8 * strength),
      }),

    /** Gaussian blur with this probability. Its standard deviation is 0.1 to 2 pixels. */
    blur(image: Float32Array, width: number, probability: number): Float32Array {
      const chosen = random.uniform() < probability
      const sigma = uniform(random, 0.1, 2)
      return chosen ? gaussianBlur(image, width, sigma) : image
    },

    /** Gaussian blur with probability ½. `sigma`: standard deviation, pixels. */
    blurBy: (image: Float32Array, width: number, sigma: number) =>
      random.uniform() < 0.5 ? gaussianBlur(image, width, sigma) : image,
  }
}
