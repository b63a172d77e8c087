/** Reloads that are asked for often. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { atMostEvery2Seconds } from '../../../src/renderer/app/at-most.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('reloads at once, then at most every two seconds, and once after the last request', () => {
  const reload = vi.fn()
  const ask = atMostEvery2Seconds(reload)
  ask()
  expect(reload).toHaveBeenCalledTimes(1)
  for (let i = 0; i < 50; i++) {
    ask()
    vi.advanceTimersByTime(100)
  }
  expect(reload).toHaveBeenCalledTimes(3) // at 0, 2 and 4 seconds
  vi.advanceTimersByTime(60_000)
  expect(reload).toHaveBeenCalledTimes(4)
  ask()
  expect(reload).toHaveBeenCalledTimes(5)
})
