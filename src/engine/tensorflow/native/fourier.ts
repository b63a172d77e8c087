/** Centred orthonormal Fourier transforms of images, as operations that graphs record. */
import type * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../../core/kernels.ts'
import { type NativeBackend, withGradient } from '../kernels.ts'

const OPERATIONS = { forward: 'SelfMriFourier', inverse: 'SelfMriInverseFourier' } as const

/** The transforms are unitary, so the gradient is the other direction. */
export const fourierOf =
  (backend: NativeBackend): Kernels['fourier'] =>
  (x, direction) =>
    withGradient<[tf.Tensor4D]>(x => ({
      value: backend.executeSingleOutput(OPERATIONS[direction], [], [x]),
      gradFunc: dy =>
        backend.executeSingleOutput(OPERATIONS[direction === 'forward' ? 'inverse' : 'forward'], [], [dy]),
    }))(x)
