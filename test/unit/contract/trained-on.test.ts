/** Which times of two trainings may be compared, and where a training ran in words. */
import { expect, it } from 'vitest'
import { sameKind, type Timed, TrainedOn, trainedOnInWords } from '../../../src/contract/trained-on.ts'

const CPU = TrainedOn.parse({
  host: 'n1',
  tensorflow: '2.21.0',
  device: 'CPU',
  cpu: 'AMD EPYC 7763',
  threads: 2,
})
const GPU = TrainedOn.parse({ ...CPU, device: 'GPU', gpu: 'NVIDIA H200' })

const timed = (trainedOn: readonly TrainedOn[] | undefined, kernels = 'TensorFlow'): Timed => ({
  trainedOn,
  kernels: [{ name: kernels, epoch: 1, step: 0 }],
})

it.each<[string, Partial<TrainedOn>, boolean]>([
  ['another machine with an equal device', { host: 'n2' }, true],
  ['another number of threads', { threads: 4 }, false],
  ['another processor', { cpu: 'Intel Xeon' }, false],
  ['another version of TensorFlow', { tensorflow: '2.22.0' }, false],
  ['XLA', { compiler: 'XLA' }, false],
  ['a GPU', { device: 'GPU', gpu: 'NVIDIA H200' }, false],
  ['facts that an older program did not store', { cpu: null, threads: null, host: null }, true],
])('%s', (_name, change, same) => {
  expect(sameKind(timed([CPU]), timed([{ ...CPU, ...change }]))).toBe(same)
})

it('equal GPUs may be compared whatever their processors, and others may not', () => {
  expect(sameKind(timed([GPU]), timed([{ ...GPU, cpu: 'Intel Xeon', threads: 64 }]))).toBe(true)
  expect(sameKind(timed([GPU]), timed([{ ...GPU, gpu: 'NVIDIA A100' }]))).toBe(false)
})

it('other kernels, and a training that went on elsewhere, may not be compared', () => {
  expect(sameKind(timed([CPU]), timed([CPU], 'Self-MRI 1 (AVX2)'))).toBe(false)
  expect(sameKind(timed([CPU, { ...CPU, threads: 4 }]))).toBe(false)
  expect(sameKind(timed([CPU, { ...CPU, host: 'n2' }]))).toBe(true)
  expect(sameKind(timed(undefined), timed([CPU]))).toBe(true)
})

it('words name device, threads and machines', () => {
  const other = { ...CPU, host: 'n2' }
  expect(trainedOnInWords([CPU])).toBe('TensorFlow 2.21.0, CPU, 2 threads, on n1')
  expect(trainedOnInWords([CPU, GPU, other, CPU])).toBe(
    'TensorFlow 2.21.0, CPU, 2 threads, on n1, n2; TensorFlow 2.21.0, NVIDIA H200, on n1',
  )
  expect(trainedOnInWords([CPU, { ...other, threads: 1 }], { inOrder: true })).toBe(
    'TensorFlow 2.21.0, CPU, 2 threads, on n1, then TensorFlow 2.21.0, CPU, 1 thread, on n2',
  )
  expect(trainedOnInWords([TrainedOn.parse({ tensorflow: '2.21.0', device: 'CPU' })])).toBe('TensorFlow 2.21.0, CPU')
})
