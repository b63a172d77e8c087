import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { agreeing, type Measurement } from '../../../../../src/core/models/physics/conjugate-gradients.ts'
import { adjoint } from '../../../../../src/core/mri/sense/encoding.ts'
import { compute, kernels, useEngine } from '../../../../engine.ts'
import { expectClose, golden } from '../../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('ssdu')
const floats = (name: string) => Float32Array.from(vectors.array(`cgdc.${name}`).data)

/** The golden measurement as a sample, the image z, and the weights of a loss Σ weights · x. */
function goldenCase() {
  const [coils, rows, columns] = vectors.array('cgdc.maps').shape
  const [maps, mask] = [floats('maps'), Uint8Array.from(vectors.array('cgdc.mask').data)]
  const encoding = { sizes: [coils, rows, columns] as const, maps, mask }
  const image = (values: Float32Array) => tf.tensor4d(values, [1, rows, columns, 2])
  const measurement: Measurement = {
    adjoint: image(adjoint(encoding, floats('kspace'), compute().fourier)),
    maps: tf.tensor5d(maps, [1, coils, rows, columns, 2]),
    mask: tf.tensor4d(Float32Array.from(mask), [1, 1, columns, 1]),
  }
  return {
    measurement,
    z: image(floats('z')),
    weights: image(floats('weights')),
    mu: tf.tensor1d([vectors.scalar('cgdc.mu')]),
  }
}

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)

/** Two samples of another size than the golden one, each with its mask. One of three coils is dead. */
function drawnCase() {
  const [batch, rows, columns] = [2, 7, 6]
  const maps = tf.mul(random([batch, 3, rows, columns, 2], 1), tf.tensor5d([0.6, 0, 0.5], [1, 3, 1, 1, 1]))
  return {
    measurement: {
      adjoint: random([batch, rows, columns, 2], 2),
      maps,
      mask: tf.tensor4d([1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1], [batch, 1, columns, 1]),
    } as Measurement,
    z: random([batch, rows, columns, 2], 3) as tf.Tensor4D,
    weights: random([batch, rows, columns, 2], 4) as tf.Tensor4D,
    mu: tf.tensor1d([0.3]),
  }
}

type Case = ReturnType<typeof drawnCase>
const solve = ({ measurement, z, mu }: Case, iterations: number) => agreeing(kernels(), measurement, z, mu, iterations)
const score = (given: Case, iterations: number) => tf.sum(tf.mul(solve(given, iterations), given.weights)).dataSync()[0]
const gradients = (given: Case, iterations: number) =>
  tf.grads((z, mu) =>
    tf.sum(tf.mul(solve({ ...given, z: z as tf.Tensor4D, mu: mu as tf.Tensor1D }, iterations), given.weights)),
  )([given.z, given.mu])

describe('data consistency by conjugate gradients', () => {
  it('equals the golden 10 iterations and the golden solution', () => {
    expectClose(solve(goldenCase(), 10).dataSync(), vectors.array('cgdc.x10').data, 1e-4)
    expectClose(solve(goldenCase(), 60).dataSync(), vectors.array('cgdc.exact').data, 1e-4)
  })

  it('has the golden solution’s gradients by z and μ', () => {
    const [ofZ, ofMu] = gradients(goldenCase(), 60)
    expectClose(ofZ.dataSync(), vectors.array('cgdc.grad_z_implicit').data, 1e-4)
    expect(ofMu.shape).toEqual([1])
    expectClose(ofMu.dataSync(), [vectors.scalar('cgdc.grad_mu_implicit')], 1e-4)
  })

  it('has the gradients of finite differences, in a batch of two with a dead coil', () => {
    const given = drawnCase()
    const step = 1e-2
    const difference = (change: (by: number) => Case) =>
      (score(change(step), 40) - score(change(-step), 40)) / (2 * step)
    const [ofZ, ofMu] = gradients(given, 40)
    expect(difference(by => ({ ...given, mu: tf.add(given.mu, by) })) / ofMu.dataSync()[0]).toBeCloseTo(1, 2)
    const direction = random([2, 7, 6, 2], 5)
    const along = tf.sum(tf.mul(ofZ, direction)).dataSync()[0]
    expect(difference(by => ({ ...given, z: tf.add(given.z, tf.mul(direction, by)) })) / along).toBeCloseTo(1, 3)
  })

  it('solves each sample of a batch as if it were alone', () => {
    const { measurement, z, mu, weights } = drawnCase()
    const together = solve({ measurement, z, mu, weights }, 5)
    for (const i of [0, 1]) {
      const one = <T extends tf.Tensor>(tensor: T) => tf.slice(tensor, i, 1) as T
      const alone = { adjoint: one(measurement.adjoint), maps: one(measurement.maps), mask: one(measurement.mask) }
      const x = agreeing(kernels(), alone, one(z), mu, 5)
      expect([...one(together).dataSync()]).toEqual([...x.dataSync()])
    }
  })

  it('gives zeros and finite gradients for a sample of zeros beside another sample', () => {
    const given = drawnCase()
    const second = tf.tensor4d([0, 1], [2, 1, 1, 1])
    const silenced = {
      ...given,
      z: tf.mul(given.z, second) as tf.Tensor4D,
      measurement: { ...given.measurement, adjoint: tf.mul(given.measurement.adjoint, second) as tf.Tensor4D },
    }
    const x = solve(silenced, 30)
    expect(
      tf
        .slice(x, 0, 1)
        .dataSync()
        .every(value => value === 0),
    ).toBe(true)
    expectClose(tf.slice(x, 1).dataSync(), tf.slice(solve(given, 30), 1).dataSync(), 1e-6)
    for (const gradient of gradients(silenced, 30)) {
      expect(gradient.dataSync().every(Number.isFinite)).toBe(true)
      expect(gradient.dataSync().some(value => value !== 0)).toBe(true)
    }
  })

  it('with dead coils only is z, and with one coil of ones mixes the measured k-space', () => {
    const given = drawnCase()
    const dead = { ...given.measurement, adjoint: tf.zerosLike(given.z), maps: tf.zerosLike(given.measurement.maps) }
    expectClose(solve({ ...given, measurement: dead }, 10).dataSync(), given.z.dataSync(), 1e-5)
    const measured = kernels().fourier(given.measurement.adjoint, 'forward')
    const ones = tf.tile(tf.tensor5d([1, 0], [1, 1, 1, 1, 2]), [2, 1, 7, 6, 1]) as tf.Tensor5D
    const { mask } = given.measurement
    const adjoint = kernels().fourier(tf.mul(measured, mask) as tf.Tensor4D, 'inverse')
    const x = solve({ ...given, measurement: { adjoint, maps: ones, mask } }, 10)
    const expected = tf.div(
      tf.add(tf.mul(measured, mask), tf.mul(given.mu, kernels().fourier(given.z, 'forward'))),
      tf.add(mask, given.mu),
    )
    expectClose(kernels().fourier(x, 'forward').dataSync(), expected.dataSync(), 1e-5)
  })

  it('leaves no tensor behind', () => {
    const given = drawnCase()
    const run = () => tf.tidy(() => void gradients(given, 3))
    run()
    const before = tf.memory().numTensors
    run()
    expect(tf.memory().numTensors).toBe(before)
  })
})
