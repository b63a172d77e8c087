/** TensorFlow's own operations, which compute if the library of our kernels is missing. */
import process from 'node:process'
import { expect, it } from 'vitest'
import { plainUpdate } from '../../../../src/core/training/updates.ts'
import { compute } from '../../../engine.ts'
import { testKernels } from './kernel-cases.ts'

process.env.SELF_MRI_KERNELS = 'tensorflow' // read when the engine is loaded

testKernels()

it('is what computes in this file', () => {
  expect(compute()).toMatchObject({ device: { kernels: 'TensorFlow' }, kernels: { update: plainUpdate } })
})
