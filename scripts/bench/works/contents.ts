/** Our side reads whole files once, for hash, sampling and faults. `sha256sum`, the peer, only hashes the files. */
import { readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { ismrmrdHeader } from '../../../src/core/mri/phantom/index.ts'
import type { ContentsRead } from '../ours/contents.ts'
import { makeCheck, rowAgainst, rowAlone, spread } from '../report.ts'
import { run, versionOf } from './program.ts'
import type { Bench, Outcome, Work } from './work.ts'

const VOLUMES = 20
const SLICES = 35
const PASSES = 5
const AT_MOST = 1.5
/** Number of volumes in fastMRI's single-coil knee training set. */
const TRAINING_SET = 973
const LABEL = `Content of ${VOLUMES} × ${SLICES} slices, noise in each, in the system’s cache`

async function measure(bench: Bench): Promise<Outcome> {
  const printed = await versionOf('sha256sum', '--version')
  if (printed === null) return { checks: [], rows: [], skipped: 'there is no sha256sum' }
  const folder = join(bench.folder, 'contents')
  const header = ismrmrdHeader({ seed: 0, patient: 0, acquisition: 'CORPD_FBK' }, SLICES)
  const writer = await bench.peer()
  await writer.ask({ do: 'write noise', files: folder, volumes: VOLUMES, slices: SLICES, header })
  await writer.dispose()
  const files = (await readdir(folder)).sort().map(name => join(folder, name))
  let bytes = 0
  for (const file of files) bytes += (await stat(file)).size
  const side = await bench.ours()
  try {
    const passes: ContentsRead[] = []
    const hashed: number[] = []
    await run('sha256sum', files) // puts the files into the system's cache
    for (let pass = 0; pass < PASSES; pass++) {
      // With a new time, the engine reads the file again, and does not take the result of the last pass.
      for (const file of files) await utimes(file, new Date(), new Date())
      passes.push(await side.ask<ContentsRead>({ do: 'contents', files }))
      const begun = performance.now()
      await run('sha256sum', files)
      hashed.push(performance.now() - begun)
    }
    const first = passes[0].contents
    const others = new Set(first.map(({ identity }) => identity)).size
    const unlike = first.filter(({ sampling, faults }) => sampling.kind !== 'full' || faults.length > 0).length
    const said = ({ contents }: ContentsRead) =>
      JSON.stringify(contents.map(({ identity, sampling, faults }) => [identity, sampling, faults]))
    const changed = passes.filter(pass => said(pass) !== said(passes[0])).length
    const ours = spread(passes.map(({ ms }) => ms))
    const gigabytes = (ms: number) => `${(bytes / 1e6 / ms).toFixed(2)} GB/s`
    const later = spread(passes.slice(1).map(({ ms }) => ms)).medianMs
    const speeds = `first time ${gigabytes(passes[0].ms)}, then ${gigabytes(later)}`
    return {
      checks: [makeCheck(`${LABEL}: each full and another, in each pass`, VOLUMES - others + unlike + changed, 0)],
      rows: [
        rowAgainst(
          `${LABEL}: ${speeds}`,
          ours,
          { ...spread(hashed), name: 'sha256sum', version: printed.replace('sha256sum ', '') },
          AT_MOST,
        ),
        rowAlone(
          `${LABEL}: ${TRAINING_SET} such volumes, computed`,
          spread([(ours.medianMs * TRAINING_SET) / VOLUMES]),
          null,
        ),
      ],
    }
  } finally {
    await side.dispose()
  }
}

export const CONTENTS: Work = { name: 'contents', label: LABEL, measure }
