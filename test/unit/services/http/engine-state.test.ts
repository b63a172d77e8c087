/** The bottom line's text about tasks. */
import { expect, it } from 'vitest'
import { watchEngines } from '../../../../src/services/http/engine-state.ts'

it('says nothing of a task that has ended, even if its progress is still reported', () => {
  const { begin, state } = watchEngines({ living: [] }, () => null)
  const reading = begin('reading files')
  reading.update('reading files: 1 of 2 MB')
  expect(state().doing).toBe('reading files: 1 of 2 MB')
  reading.end()
  reading.update('reading files: 2 of 2 MB')
  expect(state().doing).toBeNull()
})
