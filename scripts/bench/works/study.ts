/** A study of as many files as fastMRI's training set. The files have fastMRI's layout, and almost no data. */
import { join } from 'node:path'
import { ismrmrdHeader } from '../../../src/core/mri/phantom/index.ts'
import type { Studied } from '../ours/study.ts'
import { type Figures, makeCheck, rowAlone, spread } from '../report.ts'
import type { Bench, Outcome, Work } from './work.ts'

const VOLUMES = 973
const SLICES = 35
const LABEL = `Study of ${VOLUMES} × ${SLICES} slices (generated headers)`
const SECOND = spread([1000])

async function measure(bench: Bench): Promise<Outcome> {
  const files = join(bench.folder, 'study', 'singlecoil_train')
  // The attribute patient_id, which the peer writes, overrides the header's patient. Each patient has two volumes.
  const header = ismrmrdHeader({ seed: 0, patient: 0, acquisition: 'CORPD_FBK' }, SLICES)
  const writer = await bench.peer()
  await writer.ask({ do: 'write study', files, volumes: VOLUMES, slices: SLICES, header })
  await writer.dispose()
  const side = await bench.ours()
  try {
    const studied = await side.ask<Studied>({ do: 'study', files, profile: join(bench.folder, 'study', 'profile') })
    const { volumes, slices, scanMs, listMs, planMs, peakBytes } = studied
    const missing = Math.abs(VOLUMES - volumes) + Math.abs(VOLUMES * SLICES - slices)
    const row = (what: string, ours: Figures, limit: Figures) => rowAlone(`${LABEL}: ${what}`, ours, limit)
    return {
      checks: [makeCheck(`${LABEL}: volumes listed and slices planned`, missing, 0)],
      rows: [
        row('files scanned and stored', { perSecond: (1000 * volumes) / scanMs }, { perSecond: 200 }),
        row('listed', spread(listMs), SECOND),
        row('first epoch planned, supervised', spread(planMs.supervised), SECOND),
        row('first epoch planned, SimCLR', spread(planMs.simclr), SECOND),
        ...(peakBytes === null ? [] : [row('memory, program and engine', { bytes: peakBytes }, { bytes: 500e6 })]),
      ],
    }
  } finally {
    await side.dispose()
  }
}

export const STUDY: Work = { name: 'study', label: LABEL, measure }
