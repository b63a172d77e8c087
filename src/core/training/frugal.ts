import * as tf from '@tensorflow/tfjs-core'

type Tape = ReturnType<typeof tf.engine>['state']['activeTape']

/**
 * `tf.valueAndGrad` of a scalar, with less memory. TensorFlow.js keeps the tensors that the forward pass saved, and all
 * gradients, until the last gradient is computed. Here an operation's tensors are disposed when the backward pass
 * reaches the next operation. The numbers are equal.
 */
export function frugalValueAndGrad(f: (x: tf.Tensor) => tf.Scalar) {
  return tf.valueAndGrad(x => {
    const value = f(x)
    forgetOnTheWayBack(tf.engine().state.activeTape)
    return value
  })
}

/**
 * The gradients of f at `xs` for the gradient `dy` of its value, with less memory as above. It may be called within a
 * backward pass, and it disposes `dy`.
 */
export function frugalGrads(f: (...xs: tf.Tensor[]) => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine()
  const tape = state.activeTape // TensorFlow.js drops the outer pass's tape when an inner pass ends
  const grads = tf.grads((...given) => {
    const value = f(...given)
    forgetOnTheWayBack(state.activeTape)
    return value
  })
  try {
    return tf.tidy(() => grads(xs, dy))
  } finally {
    state.activeTape = tape
  }
}

/**
 * The backward pass goes from the tape's last operation to the first.
 * It computes the gradients of all inputs of an operation before it reaches the next operation.
 */
function forgetOnTheWayBack(tape: Tape): void {
  let forget = () => {}
  for (const node of tape) {
    const { gradient, saved = [] } = node
    if (!gradient) continue
    node.gradient = dys => {
      forget()
      const passedOn = new Set<tf.Tensor>() // an operation may return the very tensor that it received
      forget = () => tf.dispose([...saved, ...dys].filter(tensor => tensor && !passedOn.has(tensor)))
      const gradients = Object.entries(gradient(dys)).map(([input, compute]) => {
        const handedOn = () => {
          const dx = compute()
          passedOn.add(dx)
          return dx
        }
        return [input, handedOn]
      })
      return Object.fromEntries(gradients)
    }
  }
}
