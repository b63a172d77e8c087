/** Losses of the methods, their gradients and their buffers, against PyTorch. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { drawCounts, infoNce, nce, partition, updatedBank } from '../../../../src/core/ssl/nce.ts'
import { crossEntropy } from '../../../../src/core/ssl/rotnet.ts'
import { normaliseRows } from '../../../../src/core/ssl/rows.ts'
import { stopGradient } from '../../../../src/core/ssl/stop-gradient.ts'
import { assign, prototypesInUse, swappedPrediction } from '../../../../src/core/ssl/swapped-prediction.ts'
import { useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

beforeAll(useEngine)

const oneHot = (places: ArrayLike<number>, depth: number) =>
  tf.cast(tf.oneHot(tf.tensor1d(Array.from(places), 'int32'), depth), 'float32') as tf.Tensor2D

const reader = (group: string) => {
  const vectors = golden(group)
  return {
    vectors,
    matrix: (name: string) => {
      const { shape, data } = vectors.array(name)
      return tf.tensor2d(Float32Array.from(data), shape as [number, number])
    },
  }
}

describe('PIRL', () => {
  const { vectors, matrix } = reader('pirl')
  const { M, temperature: T, momentum } = vectors.params as Record<string, number>
  const negatives = (name: string) => {
    const { shape, data } = vectors.array(name)
    const counts = new Float32Array(shape[0] * M)
    for (const [i, row] of data.entries()) counts[Math.floor(i / shape[1]) * M + Number(row)]++
    return tf.tensor2d(counts, [shape[0], M])
  }
  const positive = () => oneHot(vectors.array('y').data, M)
  const bank = () => matrix('memory')

  it('sets the partition at the first scores, and has VISSL’s losses and gradients', () => {
    const z = partition(matrix('patches_raw'), bank(), positive(), negatives('neg_patches'), T)
    expect(z.dataSync()[0] / vectors.scalar('Z') - 1).toBeCloseTo(0, 4)
    for (const part of ['patches', 'images']) {
      const loss = (v: tf.Tensor) => nce(v as tf.Tensor2D, bank(), positive(), negatives(`neg_${part}`), z, T)
      const { value, grad } = tf.valueAndGrad(loss)(matrix(`${part}_raw`))
      expect(value.dataSync()[0] / vectors.scalar(`loss_${part}`) - 1).toBeCloseTo(0, 4)
      expectClose(tf.mul(grad, 0.5).dataSync(), vectors.array(`grad_${part}_raw`).data, 1e-3)
    }
  })

  it('has VISSL’s cross-entropy and its gradients', () => {
    for (const part of ['patches', 'images']) {
      const loss = (v: tf.Tensor) => infoNce(v as tf.Tensor2D, bank(), positive(), negatives(`neg_${part}`), T)
      const { value, grad } = tf.valueAndGrad(loss)(matrix(`${part}_raw`))
      expect(value.dataSync()[0] / vectors.scalar(`infonce_loss_${part}`) - 1).toBeCloseTo(0, 4)
      expectClose(tf.mul(grad, 0.5).dataSync(), vectors.array(`infonce.grad_${part}_raw`).data, 1e-3)
    }
  })

  it('follows the formula also if P exceeds the range of float32', () => {
    const memory = bank()
    const row = tf.slice(memory, 0, 1)
    const opposite = tf.concat2d([row, tf.neg(row)], 0) // equal to its positive, and opposite to its positive
    const cosines = tf.matMul<tf.Tensor2D>(opposite, memory, false, true).arraySync()
    const [cold, z] = [0.015, M * Math.exp(1 / 0.015)]
    const all = (cosine: number) => Math.exp(cosine / cold) / z + 1 + 2 ** -23 // K = M, so c = 1
    const losses = cosines.map(each =>
      each.reduce((sum, cosine) => sum + Math.log(all(cosine)), Math.log(all(each[0]) * z) - each[0] / cold),
    )
    const loss = (v: tf.Tensor) =>
      nce(v as tf.Tensor2D, memory, oneHot([0, 0], M), tf.ones<tf.Rank.R2>([2, M]), tf.scalar(z), cold)
    const { value, grad } = tf.valueAndGrad(loss)(opposite)
    expect(value.dataSync()[0] / ((losses[0] + losses[1]) / 2) - 1).toBeCloseTo(0, 4)
    expect(Array.from(grad.dataSync()).every(Number.isFinite)).toBe(true)
  })

  it('moves only those rows of the bank that are in the batch', () => {
    const after = updatedBank(bank(), positive(), matrix('images_raw'), momentum)
    expectClose(after.dataSync(), vectors.array('memory_after').data, 1e-6)
  })

  it('draws the given number of negatives, and equal negatives for equal streams', () => {
    const counts = drawCounts(RandomState.fromSeed(3), 1000, 7)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000)
    expect(Math.min(...counts)).toBeGreaterThan(100)
    expect(counts).toEqual(drawCounts(RandomState.fromSeed(3), 1000, 7))
  })
})

describe('rows', () => {
  it('are brought to length 1 as PyTorch does', () => {
    const { array } = golden('ops')
    const rows = tf.tensor2d(Float32Array.from(array('x').data), [2, 105])
    expectClose(normaliseRows(rows).dataSync(), array('l2_normalize.y').data, 1e-6)
  })

  it('of zeros stay zeros, with a finite gradient', () => {
    const { value, grad } = tf.valueAndGrad(z => tf.sum(normaliseRows(z as tf.Tensor2D)) as tf.Scalar)(
      tf.tensor2d([3, 4, 0, 0], [2, 2]),
    )
    const gradient = Array.from(grad.dataSync())
    expect(value.dataSync()[0]).toBeCloseTo(1.4, 6)
    expect(gradient[0]).toBeCloseTo((25 - 3 * 7) / 125, 6)
    expect(gradient.every(Number.isFinite)).toBe(true)
  })
})

describe('SwAV', () => {
  const { vectors, matrix } = reader('swav')
  const { bs, crops, temperature } = vectors.params as Record<string, number>
  const sinkhorn = { epsilon: vectors.params.epsilon as number, iterations: vectors.params.iterations as number }
  const perCrop = (rows: tf.Tensor2D) => tf.split<tf.Tensor2D>(rows, crops, 0)
  const queueScores = (crop: number) => {
    const { shape, data } = vectors.array('queue_scores')
    const [, rows, columns] = shape
    return tf.tensor2d(Float32Array.from(data.slice(crop * rows * columns, (crop + 1) * rows * columns)), [
      rows,
      columns,
    ])
  }
  const lossOf = (scores: tf.Tensor2D, queue: boolean) => {
    const each = perCrop(scores)
    const targets = [0, 1].map(crop => assign(stopGradient(each[crop]), queue ? queueScores(crop) : null, sinkhorn))
    return swappedPrediction(each, targets, [0, 1], temperature)
  }

  it.each([
    ['', 'q_crop', 'loss', 'grad_scores'],
    ['with a queue', 'queue.q_crop', 'queue_loss', 'queue.grad_scores'],
  ])('has VISSL’s assignments, loss and gradient %s', (name, q, loss, gradient) => {
    const queue = name !== ''
    for (const crop of [0, 1]) {
      const assigned = assign(perCrop(matrix('scores'))[crop], queue ? queueScores(crop) : null, sinkhorn)
      expectClose(assigned.dataSync(), vectors.array(`${q}${crop}`).data, 1e-4)
      expect(Array.from(tf.sum(assigned, 1).dataSync()).every(sum => Math.abs(sum - 1) < 1e-4)).toBe(true)
    }
    const { value, grad } = tf.valueAndGrad(scores => lossOf(scores as tf.Tensor2D, queue))(matrix('scores'))
    expect(value.dataSync()[0] / vectors.scalar(loss) - 1).toBeCloseTo(0, 4)
    expectClose(grad.dataSync(), vectors.array(gradient).data, 1e-4)
    expect(bs).toBe(5)
  })

  it('has VISSL’s gradients of embeddings and prototypes', () => {
    const loss = (embeddings: tf.Tensor, prototypes: tf.Tensor) =>
      lossOf(tf.matMul(normaliseRows(embeddings as tf.Tensor2D), prototypes as tf.Tensor2D, false, true), false)
    const [embeddings, prototypes] = tf.grads(loss)([matrix('embeddings_raw'), matrix('prototypes')])
    expectClose(embeddings.dataSync(), vectors.array('grad_embeddings_raw').data, 1e-4)
    expectClose(prototypes.dataSync(), vectors.array('grad_prototypes').data, 1e-4)
  })

  it('assigns samples if scores differ strongly, and reports the number of used prototypes', () => {
    const q = assign(matrix('sinkhorn_wide.scores'), null, sinkhorn)
    expectClose(q.dataSync(), vectors.array('sinkhorn_wide.q').data, 1e-4)
    expect(prototypesInUse(oneHot([0, 1, 2, 3], 9)).dataSync()[0]).toBeCloseTo(4, 3)
    expect(prototypesInUse(oneHot([2, 2, 2, 2], 9)).dataSync()[0]).toBeCloseTo(1, 3)
  })
})

describe('RotNet', () => {
  it('has PyTorch’s cross-entropy and gradient', () => {
    const { vectors, matrix } = reader('rotnet')
    const labels = oneHot(vectors.array('labels').data, 4)
    const { value, grad } = tf.valueAndGrad(logits => crossEntropy(logits as tf.Tensor2D, labels))(matrix('logits'))
    expect(value.dataSync()[0]).toBeCloseTo(vectors.scalar('loss'), 6)
    expectClose(grad.dataSync(), vectors.array('grad').data, 1e-6)
  })
})
