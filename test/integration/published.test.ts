/** The published reports match the shipped data and the present plan, so a reproduction takes all their rows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ReproductionReport } from '../../src/contract/reproduction.ts'
import { openServices } from '../../src/services/open.ts'
import { planOf } from '../../src/services/reproduction/index.ts'
import { withKnown } from '../../src/services/reproduction/known.ts'
import { readyStudy } from '../../src/services/studies/contents/ready.ts'
import { demonstrationStudy } from '../../src/services/studies/demonstration.ts'

it.each(['study.json', 'networks-brain/study.json'])('every row of docs/%s is found again', async name => {
  const profile = mkdtempSync(join(tmpdir(), 'self-mri-published-'))
  const services = openServices({ profile })
  try {
    const path = new URL(`../../docs/${name}`, import.meta.url)
    const report = ReproductionReport.parse(JSON.parse(readFileSync(path, 'utf8')))
    const study = await readyStudy(services, await demonstrationStudy(services))
    const { known, trainings } = withKnown(planOf(services.profile, { ...report.request, study: study.id }), report)
    expect([known.size, trainings.length]).toEqual([report.rows.length, 0])
  } finally {
    services.dispose()
    rmSync(profile, { recursive: true, force: true })
  }
})
