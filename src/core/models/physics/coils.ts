/**
 * Between k-space of all coils [batch, coils, height, width, 2] and one image [batch, height, width, 2], with coil maps
 * S [batch, coils, height, width, 2]: reduce Σ conj(S) · F⁻¹ k, expand F(S · x). The one is the other's adjoint.
 * F is centred and orthonormal. `null` in place of maps: one coil, S = 1.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../kernels.ts'
import type { Direction } from '../../mri/fourier.ts'
import { conjugateSum, product, rootSumOfSquares } from './complex.ts'

/** The Fourier transform of each coil. */
export function fourierOfCoils(kernels: Kernels, x: tf.Tensor5D, direction: Direction): tf.Tensor5D {
  const [batch, coils, height, width] = x.shape
  const together = tf.reshape(x, [batch * coils, height, width, 2]) as tf.Tensor4D
  return tf.reshape(kernels.fourier(together, direction), x.shape)
}

/** Σ conj(S) · x over coils, of coil images x. */
export function combine(kernels: Kernels, images: tf.Tensor5D, maps: tf.Tensor5D | null): tf.Tensor4D {
  const [batch, , height, width] = images.shape
  return tf.reshape(maps ? conjugateSum(kernels, maps, images) : images, [batch, height, width, 2])
}

/** Σ conj(S) · F⁻¹ k over coils. */
export const reduce = (kernels: Kernels, kspace: tf.Tensor5D, maps: tf.Tensor5D | null): tf.Tensor4D =>
  combine(kernels, fourierOfCoils(kernels, kspace, 'inverse'), maps)

/** F(S · x) of each coil. */
export function expand(kernels: Kernels, image: tf.Tensor4D, maps: tf.Tensor5D | null): tf.Tensor5D {
  const [batch, height, width] = image.shape
  const single = tf.reshape(image, [batch, 1, height, width, 2]) as tf.Tensor5D
  return fourierOfCoils(kernels, maps ? product(kernels, maps, single) : single, 'forward')
}

/** The root of the sum of squares of the coil images: [batch, height, width, 1]. */
export function imageOf(kernels: Kernels, kspace: tf.Tensor5D): tf.Tensor4D {
  const [batch, , height, width] = kspace.shape
  const root = rootSumOfSquares(fourierOfCoils(kernels, kspace, 'inverse'))
  return tf.reshape(root, [batch, height, width, 1])
}
