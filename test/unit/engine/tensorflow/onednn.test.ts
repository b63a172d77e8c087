import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { type Kernels, makePlainKernels } from '../../../../src/core/kernels.ts'
import { fusedKernels, type NativeBackend } from '../../../../src/engine/tensorflow/kernels.ts'
import { AVX2, useOneDnn } from '../../../../src/engine/tensorflow/onednn.ts'
import { expectClose } from '../../../golden.ts'
import { normal, testConvolutions } from './convolutions.ts'

const engine = testConvolutions(AVX2)

it('instance norm and its gradient by oneDNN equal the plain operations’', () => {
  const x = tf.add(normal<tf.Rank.R4>([1, 64, 48, 16], 1), 3)
  const weights = normal<tf.Rank.R4>([1, 64, 48, 16], 2)
  const scored = (norm: Kernels['normLeakyRelu']) =>
    tf.valueAndGrad(x => tf.sum(tf.mul(norm(x as tf.Tensor4D), weights)))(x)
  const [found, expected] = [fusedKernels(engine.backend()), makePlainKernels()].map(({ normLeakyRelu }) =>
    scored(normLeakyRelu),
  )
  expectClose(found.value.dataSync(), expected.value.dataSync(), 1e-4)
  expectClose(found.grad.dataSync(), expected.grad.dataSync(), 1e-4)
})

it('replaces no kernel if TensorFlow is set to use oneDNN itself, and on a GPU', () => {
  const native = tf.backend() as unknown as NativeBackend
  expect(useOneDnn(native, null)).toBe(native)
  expect(useOneDnn({ ...native, isUsingGpuDevice: true } as NativeBackend, AVX2)).toMatchObject({
    isUsingGpuDevice: true,
  })
})

it('replaces no kernel if the library lacks oneDNN', () => {
  const without = Object.create(tf.backend(), {
    executeSingleOutput: {
      value() {
        throw new Error("'_MklMatMul' is neither a type of a primitive operation")
      },
    },
  })
  expect(useOneDnn(without, AVX2)).toBe(without)
})
