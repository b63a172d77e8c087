/** Keys of stored results, and the versions of classical images and coil maps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { ImageKey } from '../../../../src/core/kept-images.ts'
import { columnPattern } from '../../../../src/core/mri/pattern.ts'
import { keptImages } from '../../../../src/engine/files/kept-images.ts'
import { identityOf } from '../../../../src/services/reproduction/known.ts'
import type { Plan } from '../../../../src/services/reproduction/plan.ts'
import type { PlannedRow } from '../../../../src/services/reproduction/planned.ts'
import { scoreKey } from '../../../../src/services/viewing/score-key.ts'
import { noiseVolume } from '../../../volumes.ts'

const versions = vi.hoisted(() => ({ classical: 1, maps: 3 }))
vi.mock('../../../../src/core/classical.ts', async original => ({
  ...(await original<object>()),
  get CLASSICAL_VERSION() {
    return versions.classical
  },
}))
vi.mock('../../../../src/engine/files/kept-maps.ts', async original => ({
  ...(await original<object>()),
  get MAPS_VERSION() {
    return versions.maps
  },
}))

const mask = { kind: 'equispaced', acceleration: 4, centerFraction: 0.08 } as const
const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
const volumes = [noiseVolume('knee', { slices: 2 }).info]
const choice = { classical: 'sense', config: { maps: 'walsh', virtualCoils: 0 } } as const

it('the key of a score of a network or of zero-filled images has no version', () => {
  expect(scoreKey(settings, volumes)).toBe(
    '{"settings":{"mask":{"kind":"equispaced","acceleration":4,"centerFraction":0.08},"maskDraws":null,' +
      '"slices":{"kind":"all"},"reference":"ground truth"},"volumes":["undefined knee.h5"]}',
  )
})

const folder = mkdtempSync(join(tmpdir(), 'self-mri-versions-'))
const image = Float32Array.of(1, 2)
const key = { identity: 'a', slice: 0, pattern: columnPattern(Uint8Array.of(1, 0), 2), ...choice } as ImageKey

function identity(classical: PlannedRow['classical']): string {
  const plan = { mask, trainings: [], folds: [{ study: { volumes: [], slices: settings.slices } }] }
  const row = { kind: 'classical', fold: 0, epoch: null, patients: null, manyMasks: false, training: null, classical }
  return identityOf(plan as unknown as Plan, { ...row, baseline: null } as unknown as PlannedRow)
}

it('a new version of the classical images makes scores, rows and kept images again', () => {
  const row = { ...choice, source: 'sense', name: null, tuned: null }
  const keys = () => [scoreKey(settings, volumes), identity(null), scoreKey(settings, volumes, choice), identity(row)]
  const before = keys()
  const images = keptImages(folder)
  images.keep(key, image)
  expect(images.find(key)).toEqual(image)
  versions.classical++
  const after = keys()
  expect(after.map((each, i) => each === before[i])).toEqual([true, true, false, false])
  expect(images.find(key)).toBeUndefined()
  versions.classical--
  versions.maps++
  expect(images.find(key)).toBeUndefined()
  rmSync(folder, { recursive: true })
})
