import * as tf from '@tensorflow/tfjs-core'

type Tape = ReturnType<typeof tf.engine>['state']['activeTape']

/**
 * `tf.valueAndGrad` of a scalar, which holds less: TensorFlow.js keeps what the forward pass saved, and each gradient on the way back, until the
 * last one is there; here the tape forgets an operation's as soon as the one before it has its turn. The numbers are the same.
 */
export function frugalValueAndGrad(f: (x: tf.Tensor) => tf.Scalar) {
  return tf.valueAndGrad(x => {
    const value = f(x)
    forgetOnTheWayBack(tf.engine().state.activeTape)
    return value
  })
}

/** The way back goes from the last operation of the tape to the first, and through all inputs of one before the next. */
function forgetOnTheWayBack(tape: Tape): void {
  let forget = () => {}
  for (const node of tape) {
    const { gradient, saved = [] } = node
    if (!gradient) continue
    node.gradient = dys => {
      forget()
      const passedOn = new Set<tf.Tensor>() // an operation may hand on the very tensor that it got
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
