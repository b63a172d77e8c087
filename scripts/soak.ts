/**
 * The long soak test: 2,000 steps of U-Net-16 at 160 × 160 pixels, killed 20 times, against an undisturbed run.
 * `--json` prints the figures. `--steps N`, `--kills N`, `--seed N`, `--channels N` and `--size N` change the test.
 * The exit status is 1 if the two runs differ.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { soak } from '../test/soak.ts'

const SLICES = 20

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    channels: { type: 'string', default: '16' },
    size: { type: 'string', default: '160' },
    json: { type: 'boolean', default: false },
  },
})

const mean = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) / Math.max(1, numbers.length)
const MIB = 2 ** 20

const folder = mkdtempSync(join(tmpdir(), 'self-mri-soak-'))
const begun = performance.now()
try {
  const { undisturbed, disturbed, kills, residentBytes, stepSeconds } = await soak({
    folder,
    seed: Number(values.seed),
    kills: Number(values.kills),
    channels: Number(values.channels),
    size: Number(values.size),
    slices: SLICES,
    epochs: Math.ceil(Number(values.steps) / SLICES),
    saveMinutes: 0.1,
    say: line => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${line}`),
  })
  const tenth = Math.max(1, Math.floor(residentBytes.length / 10))
  // Omits the first tenth, in which the engine starts.
  const [early, late] = [residentBytes.slice(tenth, 2 * tenth), residentBytes.slice(-tenth)].map(mean)
  const report = {
    equal: isDeepStrictEqual(undisturbed, disturbed) && kills.length === Number(values.kills),
    kills,
    hashes: { undisturbed: undisturbed.hashes, disturbed: disturbed.hashes },
    epochs: { undisturbed: undisturbed.told.length, disturbed: disturbed.told.length },
    memory: { earlyMiB: early / MIB, lateMiB: late / MIB, change: late / early - 1 },
    stepSeconds,
    seconds: (performance.now() - begun) / 1000,
  }
  if (values.json) console.log(JSON.stringify(report, null, 2))
  else {
    console.log(report.equal ? 'Equal: weights, optimizer, epochs, log and CSV.' : 'NOT EQUAL')
    for (const [name, hashes] of Object.entries(report.hashes)) console.log(`${name.padEnd(12)} ${hashes.join('  ')}`)
    const { earlyMiB, lateMiB, change } = report.memory
    console.log(
      `memory: ${earlyMiB.toFixed(0)} MiB early, ${lateMiB.toFixed(0)} MiB late (${(100 * change).toFixed(1)} %)`,
    )
  }
  process.exitCode = report.equal ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
