import { describe, expect, it } from 'vitest'
import { Execution } from '../../../src/contract/execution.ts'
import { missingDevices, slotsFault, whereInWords, withDevice } from '../../../src/renderer/app/execution.ts'
import { SLURM } from '../../../src/renderer/settings/slurm-schema.ts'
import { faultsOf } from '../../../src/renderer/widgets/settings-schema.ts'

const execution = (changes: object = {}): Execution => Execution.parse(changes)

describe('where a training runs', () => {
  it.each([
    [{}, 0, 'Trains on this machine, one training at a time.'],
    [{ slots: 2 }, 0, 'Trains on this machine, 2 trainings at once.'],
    [{}, 4, 'Trains on this machine, 4 trainings at once.'],
    [{ devices: ['0', '2', '3'] }, 4, 'Trains on this machine, 3 trainings at once.'],
    [{ slots: 1 }, 4, 'Trains on this machine, one training at a time.'],
    [{ executor: 'slurm' }, 0, 'Trains as Slurm jobs, at most 32 at once.'],
    [
      { executor: 'slurm', slurm: { partition: 'gpu', jobs: 8 } },
      0,
      'Trains as Slurm jobs in the partition gpu, at most 8 at once.',
    ],
    [{ executor: 'folder' }, 0, 'Writes job folders. You start each with self-mri job FOLDER.'],
  ])('%j with %i GPUs: %s', (changes, gpus, words) => {
    expect(whereInWords(execution(changes), gpus)).toBe(words)
  })
})

describe('the form', () => {
  it('chooses all devices by no list, so that a new device is used too', () => {
    const all = ['a', 'b', 'c']
    expect(withDevice(null, all, 'b')).toEqual(['a', 'c'])
    expect(withDevice(['a', 'c'], all, 'a')).toEqual(['c'])
    expect(withDevice(['a', 'c'], all, 'b')).toBeNull()
    expect(withDevice(['a', 'gone'], all, 'b')).toEqual(['a', 'b', 'gone'])
  })

  it('lists chosen devices that do not answer, so that they can be cleared', () => {
    expect(missingDevices(['a', 'gone'], ['a', 'b'])).toEqual(['gone'])
    expect(missingDevices(null, ['a'])).toEqual([])
    expect(withDevice(['a', 'gone'], ['a', 'b'], 'gone')).toEqual(['a'])
    expect(withDevice(['gone'], ['a'], 'a')).toBeNull()
  })

  it('refuses a time limit and a memory that Slurm does not know', () => {
    const faults = (slurm: object) => faultsOf(SLURM, { ...execution().slurm, ...slurm }).map(({ path }) => path)
    expect(faults({ time: '2-0:30', memory: '32G' })).toEqual([])
    expect(faults({ time: null, memory: null })).toEqual([])
    expect(faults({ time: 'four hours', memory: 'lots', gpus: 2 })).toEqual(['time', 'gpus', 'memory'])
  })

  it.each([
    [null, true],
    [1, true],
    [64, true],
    [0, false],
    [65, false],
    [1.5, false],
    ['many', false],
  ])('%j trainings at once: %j', (slots, fits) => {
    expect(slotsFault({ ...execution(), slots }) === null).toBe(fits)
  })
})
