/** The place of a training whose job goes on. */
import { expect, it, vi } from 'vitest'
import type { Engine } from '../../../../src/engine/process/client.ts'
import { followedPlace } from '../../../../src/services/places/followed-place.ts'
import type { Place } from '../../../../src/services/places/place.ts'

const call = vi.fn(async (..._: unknown[]) => 'trained')
const engine = { call } as unknown as Engine
const placeOf = (change: Partial<Place>) => ({
  slot: 0,
  label: 'CPU',
  engine,
  isRemote: false,
  notes: [{ level: 'info', code: 'device-shared', text: 'shared' }] as const,
  name: vi.fn(),
  release: vi.fn(),
  ...change,
})

it('is the job, and a device of this machine only when the training continues here', async () => {
  const job = placeOf({ slot: 5, label: 'a job', isRemote: true, notes: [] })
  const here = placeOf({})
  const takeHere = vi.fn(async () => here)
  const place = followedPlace(job, takeHere, local => local)
  place.name('7')
  expect(place).toMatchObject({ slot: 5, label: 'a job', isRemote: true })
  expect(takeHere).not.toHaveBeenCalled()
  expect(await place.engine.call('train', { notes: ['own'] } as never)).toBe('trained')
  expect(place).toMatchObject({ slot: 0, label: 'CPU', isRemote: false })
  expect(call).toHaveBeenCalledWith('train', { notes: ['own', ...here.notes] }, undefined)
  expect(here.name).toHaveBeenCalledWith('7')
  expect(job.release).toHaveBeenCalledTimes(1)
  place.release()
  expect(job.release).toHaveBeenCalledTimes(1)
  expect(here.release).toHaveBeenCalledTimes(1)
})

it('is released as a job if no device was taken', async () => {
  const job = placeOf({ isRemote: true })
  const takeHere = () => Promise.reject(new Error('none'))
  const place = followedPlace(job, takeHere, local => local)
  await expect(place.engine.call('train', {} as never)).rejects.toThrow('none')
  expect(place.isRemote).toBe(true)
  place.release()
  expect(job.release).toHaveBeenCalledTimes(1)
})
