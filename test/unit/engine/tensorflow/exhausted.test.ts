import { beforeAll, expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { inWords } from '../../../../src/engine/tensorflow/tensorflow.ts'
import { useEngine } from '../../../engine.ts'

beforeAll(useEngine)

it('tells TensorFlow’s lack of memory with a remedy, and leaves other errors as they are', () => {
  const lack = new Error('RESOURCE_EXHAUSTED: OOM when allocating')
  expect(inWords(lack)).toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: `The device ran out of memory. Use a smaller batch. TensorFlow says: ${lack.message}`,
  })
  for (const error of [new AppError('OUT_OF_MEMORY', 'out of memory: choose fewer coils'), new Error('other')])
    expect(inWords(error)).toBe(error)
})
