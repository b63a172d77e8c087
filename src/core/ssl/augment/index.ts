/** The augmentations of images, all drawing from one random stream in the order they are called. */
import type { RandomState } from '../../mri/random.ts'
import { type Image, isComplex, magnitudesOf, planewise, times } from '../image.ts'
import { gaussianBlur } from './blur.ts'
import { curve, distort } from './intensity.ts'
import { randomBox, resizeBox } from './resized-crop.ts'

const uniform = (random: RandomState, low: number, high: number) => low + (high - low) * random.uniform()

const blurred = (image: Image, sigma: number): Image =>
  planewise(image, image.shape, plane => gaussianBlur(plane, image.shape[1], sigma))

function mirrored(plane: Float32Array, width: number): Float32Array {
  const flipped = plane.slice()
  for (let row = 0; row < flipped.length; row += width) flipped.subarray(row, row + width).reverse()
  return flipped
}

export function augmentations(random: RandomState) {
  return {
    /**
     * A random box (at least `minimumArea` of the image, aspect 3/4 to 4/3), resized with antialiasing to [size, size].
     */
    resizedCrop(image: Image, size: number, minimumArea: number): Image {
      const box = randomBox(image.shape, minimumArea, random)
      return planewise(image, [size, size], plane => resizeBox(plane, image.shape, box, size))
    },

    /** Flips left to right with probability ½. */
    flip: (image: Image): Image =>
      random.uniform() >= 0.5 ? image : planewise(image, image.shape, plane => mirrored(plane, image.shape[1])),

    /**
     * Gamma, contrast and brightness together; `strength` 1 is the strongest. Of a complex image only the gamma curve
     * of its magnitudes, which keeps the phase: instance norm undoes brightness, and contrast would turn the noise of
     * air into signal.
     */
    distortIntensity(image: Image, strength: number): Image {
      const gamma = Math.exp(uniform(random, -strength, strength))
      if (isComplex(image)) {
        const factors = curve(magnitudesOf(image), gamma)
        return times(image, pixel => [factors[pixel], 0])
      }
      const contrast = uniform(random, 1 - 0.8 * strength, 1 + 0.8 * strength)
      const brightness = uniform(random, 1 - 0.8 * strength, 1 + 0.8 * strength)
      return planewise(image, image.shape, plane => distort(plane, { gamma, contrast, brightness }))
    },

    /** Gaussian blur with this probability. Its standard deviation is 0.1 to 2 pixels. */
    blur(image: Image, probability: number): Image {
      const chosen = random.uniform() < probability
      const sigma = uniform(random, 0.1, 2)
      return chosen ? blurred(image, sigma) : image
    },

    /** Gaussian blur with probability ½. `sigma`: standard deviation, pixels. */
    blurBy: (image: Image, sigma: number): Image => (random.uniform() < 0.5 ? blurred(image, sigma) : image),

    /**
     * A complex image with another phase, equal in all pixels. The phase of a receiver is arbitrary, so views of one
     * slice differ in it. A magnitude stays as it is.
     */
    turnPhase(image: Image): Image {
      if (!isComplex(image)) return image
      const angle = uniform(random, 0, 2 * Math.PI)
      const factor = [Math.cos(angle), Math.sin(angle)] as const
      return times(image, () => factor)
    },
  }
}
