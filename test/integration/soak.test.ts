/** The short form of `scripts/soak.ts`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { soak } from '../soak.ts'

it('a training that is killed six times ends like an undisturbed one: equal weights, equal rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-soak-'))
  try {
    const options = { folder, seed: 5, kills: 6, channels: 8, size: 96, slices: 16, epochs: 8, saveMinutes: 0.005 }
    const { undisturbed, disturbed, kills, stepSeconds } = await soak(options)
    expect(kills).toHaveLength(6)
    expect(disturbed).toEqual(undisturbed)
    expect(disturbed.told).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(disturbed.csv).toEqual(disturbed.told)
    expect(stepSeconds[1]).toBeGreaterThan(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 180_000)
