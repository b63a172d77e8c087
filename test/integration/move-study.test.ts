/** A reproduction that starts on a laptop, goes on on a cluster with the data elsewhere, and ends on the laptop. */

import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { stretch } from '../../src/contract/recipes.ts'
import { ReproductionRequest, type RowKind } from '../../src/contract/reproduction.ts'
import type { TrainingEvent } from '../../src/contract/runs.ts'
import { installEngine, locateEngine } from '../../src/engine/install/install.ts'
import { tableOne } from '../../src/presentation/headline-tables.ts'
import { openServices, type Services } from '../../src/services/open.ts'
import { goThrough } from '../../src/services/reproduction/driver.ts'
import { makePlan, type Plan } from '../../src/services/reproduction/plan.ts'
import { assemble } from '../../src/services/reproduction/report.ts'
import { trainAtOnce } from '../../src/services/reproduction/trainers.ts'
import { eventsOf } from '../../src/services/runs/log.ts'
import { listRuns } from '../../src/services/runs/runs.ts'
import { readyStudy } from '../../src/services/studies/contents/ready.ts'
import { locateFiles } from '../../src/services/studies/contents/rescan.ts'
import { importStudy, studyById } from '../../src/services/studies/studies.ts'
import { writeNoise } from '../unit/engine/files/noise-file.ts'

vi.setConfig({ testTimeout: 120_000 })

let folder: string
let services: Services | null = null

const TF_VERSION = (locateEngine() ?? (await installEngine({}))).tensorflow

const FILES = [
  ['train', 'patient-0'],
  ['train', 'patient-1'],
  ['val', 'patient-2'],
  ['test', 'patient-3'],
] as const

beforeAll(async () => {
  vi.stubEnv('SELF_MRI_EAGER', '1') // Recording a graph takes longer than these short trainings.
  folder = mkdtempSync(join(tmpdir(), 'self-mri-move-'))
  for (const [role, patient] of FILES) {
    mkdirSync(join(folder, 'laptop/data', role), { recursive: true })
    await writeNoise(join(folder, 'laptop/data', role), patient, { slices: 2, rows: 48, columns: 44 })
  }
})

afterAll(() => {
  services?.dispose()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** Opens the profile of a machine with its name and its threads. */
function openAt(machine: string, threads: number): Services {
  services?.dispose()
  vi.stubEnv('SELF_MRI_HOST', machine)
  vi.stubEnv('TF_NUM_INTRAOP_THREADS', String(threads))
  services = openServices({ profile: join(folder, machine, 'profile') })
  return services
}

/** Four trainings with small networks, and with a tenth of the epochs. */
function planOf({ profile }: Services): Plan {
  const request = ReproductionRequest.parse({ study: 1, methods: ['subsample-again'], headline: true })
  const plan = makePlan(request, studyById(profile, 1))
  return {
    ...plan,
    rows: plan.rows.filter(({ kind }) => kind !== 'baseline at'),
    trainings: plan.trainings.map(({ config, ...training }) => ({
      ...training,
      config: {
        ...config,
        networkConfig: { channels: 2, pools: 2 },
        recipe: stretch(config.recipe, Math.max(4, config.recipe.epochs / 10)),
      },
    })),
  }
}

/** Goes on, and stops within the second epoch of the training of this number. Returns the started trainings. */
async function goOn(opened: Services, stopIn: number): Promise<{ began: number; continued: number }> {
  const controller = new AbortController()
  const { signal } = controller
  const count = { began: 0, continued: 0 }
  const onEvent = (event: TrainingEvent) => {
    if (event.type === 'started') count.began++
    if (event.type === 'resumed') count.continued++
    if (event.type === 'epoch' && event.figures.epoch >= 2 && count.began + count.continued === stopIn)
      controller.abort()
  }
  const failures = await goThrough(
    opened,
    planOf(opened),
    trainAtOnce(opened, () => ({ signal, onEvent })),
    {
      signal,
    },
  ).catch((error: unknown) => {
    if (!signal.aborted) throw error
    return new Map()
  })
  expect([...failures]).toEqual([])
  return count
}

const ended = (opened: Services) =>
  listRuns(opened.profile).flatMap(({ id, status, finishedAt }) => (status === 'finished' ? [[id, finishedAt]] : []))

it('trains nothing twice, and each row says where it was trained', async () => {
  const laptop = openAt('laptop', 1)
  const request = {
    paths: [join(folder, 'laptop/data')],
    name: 'noise',
    slices: { kind: 'all' },
    splitSeed: 0,
  } as const
  await readyStudy(laptop, await importStudy(laptop, request))
  expect(await goOn(laptop, 2)).toEqual({ began: 2, continued: 0 }) // the second training is half done
  const there = ended(laptop)
  expect(there).toHaveLength(1)

  // The cluster has the files in other folders, in another order. One file is not there yet.
  services?.dispose()
  cpSync(join(folder, 'laptop/profile'), join(folder, 'cluster/profile'), { recursive: true })
  for (const [i, [role, patient]] of FILES.entries()) {
    mkdirSync(join(folder, `cluster/scans/${9 - i}`), { recursive: true })
    cpSync(join(folder, 'laptop/data', role, `${patient}.h5`), join(folder, `cluster/scans/${9 - i}/${patient}.h5`))
  }
  renameSync(join(folder, 'laptop/data'), join(folder, 'laptop/away'))
  renameSync(join(folder, 'cluster/scans/6'), join(folder, 'cluster/later'))
  const cluster = openAt('cluster', 2)
  await expect(readyStudy(cluster, studyById(cluster.profile, 1))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining('self-mri studies locate "noise" FOLDER'),
  })
  const first = await locateFiles(cluster, 1, join(folder, 'cluster/scans'))
  expect([first.moved.length, first.missing.map(({ file }) => file)]).toEqual([3, ['patient-3.h5']])
  const rest = await locateFiles(cluster, 1, join(folder, 'cluster/later'))
  expect([rest.moved.length, rest.missing]).toEqual([1, []])
  const { volumes } = studyById(cluster.profile, 1)
  expect(volumes.map(({ role, file }) => [role, file]).sort()).toEqual(
    FILES.map(([role, patient]) => [role, `${patient}.h5`]).sort(),
  )
  expect(await goOn(cluster, 2)).toEqual({ began: 1, continued: 1 }) // the third training is half done
  expect(ended(cluster).slice(0, 1)).toEqual(there)
  const halfway = ended(cluster)
  expect(halfway).toHaveLength(2)

  services?.dispose()
  rmSync(join(folder, 'laptop/profile'), { recursive: true })
  cpSync(join(folder, 'cluster/profile'), join(folder, 'laptop/profile'), { recursive: true })
  rmSync(join(folder, 'cluster'), { recursive: true })
  const back = openAt('laptop', 1)
  expect((await locateFiles(back, 1, join(folder, 'laptop/away'))).missing).toEqual([])
  expect(await goOn(back, Number.NaN)).toEqual({ began: 1, continued: 1 })
  expect(ended(back).slice(0, 2)).toEqual(halfway)

  const plan = planOf(back)
  const runs = listRuns(back.profile)
  expect(runs).toHaveLength(plan.trainings.length)
  const beginnings = runs.flatMap(({ id }) =>
    eventsOf(back.profile, id).filter(({ event }) => event.type === 'started'),
  )
  expect(beginnings).toHaveLength(plan.trainings.length) // none began twice
  const report = assemble(back.profile, plan, new Date().toISOString())
  expect(report).toMatchObject({ complete: true, failures: [] })
  const deviceOf = (of: RowKind) => report.rows.find(({ kind }) => kind === of)?.device
  const words = `TensorFlow ${TF_VERSION}, CPU`
  const [own, other] = [`${words}, 1 thread, on laptop`, `${words}, 2 threads, on cluster`]
  expect(deviceOf('control')).toBe(own)
  expect(deviceOf('baseline')).toBe(`${own}, then ${other}`)
  expect(deviceOf('fine-tuned')).toBe(`${other}, then ${own} (pre-training); ${own} (training)`)
  expect(report.device).toBe(`${own}; ${other}`)
  expect(tableOne(report)!.notes.join()).toContain(`Trained on several kinds of device (${own}; ${other})`)
})
