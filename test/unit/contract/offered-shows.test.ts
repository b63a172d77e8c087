/** Which shows a source offers, and the reasons that a menu gives for the others. */
import { expect, it } from 'vitest'
import { hasCoils, SHOWS } from '../../../src/contract/images.ts'
import { Given } from '../../../src/contract/networks.ts'
import { appliesTo, type Offer, withheld } from '../../../src/contract/offered-shows.ts'
import { noiseVolume } from '../../volumes.ts'

const many = noiseVolume('a', { coils: 4 }).info
const run = (gives: readonly Given[], cascades = 0, arbitraryUnits = false) => ({
  gives: [...gives],
  cascades,
  arbitraryUnits,
})
const SHOWN = [...SHOWS.filter(show => show !== 'feature'), 'error'] as const
const offered = (source: string, changes: Partial<Offer> = {}) =>
  SHOWN.filter(show => withheld(show, { source, run: null, volume: many, ...changes }) === null)
const all = (...without: readonly string[]) => SHOWN.filter(show => !without.includes(show))

it('measured data offers all but cascades, and the ground truth nothing over several masks', () => {
  expect(offered('zero-filled')).toEqual(all('cascade'))
  expect(offered('truth')).toEqual(all('cascade', 'mean', 'spread'))
})

it('a run offers what its network gives', () => {
  expect(offered('run:1', { run: run([]) })).toEqual(all('phase', 'cascade', 'coils', 'maps', 'eigenvalues'))
  expect(offered('cg-sense')).toEqual(offered('run:1', { run: run([]) }))
  expect(offered('run:1', { run: run(['complex image']) })).toContain('phase')
  expect(offered('run:1', { run: run(['cascade'], 3) })).toContain('cascade')
  expect(offered('run:1', { run: run(Given.options, 3) })).toEqual(all('coils', 'eigenvalues'))
})

it('what needs a ground truth, the file’s units or several masks is withheld without them', () => {
  const volume = { ...many, targetShape: null }
  expect(offered('zero-filled', { volume })).toEqual(all('cascade', 'ssim', 'error'))
  const arbitrary = { run: run(Given.options, 3, true) }
  expect(offered('run:1', arbitrary)).toEqual(all('coils', 'eigenvalues', 'ssim', 'error', 'residual'))
  const sampling = { kind: 'irregular', pattern: 'rows', acceleration: 2 } as const
  expect(offered('zero-filled', { volume: { ...many, sampling } })).toEqual(all('cascade', 'mean', 'spread'))
})

it('one coil has no show of several coils', () => {
  expect(SHOWN.filter(show => !appliesTo(show, { coils: 1 }))).toEqual(['coils', 'maps', 'eigenvalues'])
  expect(SHOWN.every(show => appliesTo(show, many))).toBe(true)
})

it('one coil of a run can be shown if the network gives its k-space, or its maps', () => {
  const coils = (gives: readonly Given[]) => SHOWN.filter(show => hasCoils('run:1', show, gives))
  expect(coils([])).toEqual([])
  expect(coils(['cascade'])).toEqual([])
  expect(coils(['complex image'])).toEqual(['k-space', 'phase'])
  expect(coils(['k-space', 'maps'])).toEqual(['k-space', 'phase', 'maps'])
})
