/** Identity in the forward pass. No gradient passes back through it, as with PyTorch's `detach`. */
import * as tf from '@tensorflow/tfjs-core'

export const stopGradient = <T extends tf.Tensor>(x: T): T =>
  tf.customGrad(value => ({
    value: tf.clone(value as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T
