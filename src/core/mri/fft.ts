/**
 * Centred orthonormal 2-D Fourier transform between image and k-space, any size:
 * k = fftshift(DFT(ifftshift(x))) / √(H·W) and its inverse (fastMRI `fftc.py`). Origin at index ⌊n/2⌋ in both domains.
 */
import * as tf from '@tensorflow/tfjs-core'
import { kernels } from '../kernels.ts'

/** Image → k-space, both [height, width, 2] (re, im). */
export const fft2c = (image: tf.Tensor3D): tf.Tensor3D => kernels().centredDft(image, false)

/** k-space → image, both [height, width, 2] (re, im). */
export const ifft2c = (kspace: tf.Tensor3D): tf.Tensor3D => kernels().centredDft(kspace, true)

/**
 * |ifft2c(k-space)|, cut to the central `crop`: the zero-filled reconstruction where k-space is masked.
 * k-space [rows, columns, 2] → magnitude [crop height, crop width]; crop starts at ⌊(n − size)/2⌋.
 */
export function magnitudeImage(
  kspace: Float32Array,
  shape: readonly [number, number],
  crop: readonly [number, number],
): Float32Array {
  const magnitude = tf.tidy(() => {
    const image = ifft2c(tf.tensor3d(kspace, [shape[0], shape[1], 2]))
    const start = [Math.floor((shape[0] - crop[0]) / 2), Math.floor((shape[1] - crop[1]) / 2), 0]
    return kernels().magnitude(tf.slice(image, start, [crop[0], crop[1], 2]))
  })
  const values = magnitude.dataSync() as Float32Array
  magnitude.dispose()
  return values
}
