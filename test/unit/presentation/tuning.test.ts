import { expect, it } from 'vitest'
import { edgeInWords } from '../../../src/presentation/tuning.ts'

it('a best λ at an edge of the search has a caution', () => {
  expect(edgeInWords({ edge: null })).toEqual([])
  expect(edgeInWords({ edge: 'smallest' })).toEqual([
    'The best λ is the smallest λ that was tried. A better λ may lie beyond.',
  ])
})
