/** What users read if a cluster does not do what they expect, and that nothing is lost. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { testUnless } from '../programs.ts'
import { missingSlurm } from './cluster.ts'
import { AS_JOB, type Lab, openLab, TRAIN } from './desk.ts'
import { killAtOnce, livingProcesses, withDescendants } from './processes.ts'

vi.setConfig({ testTimeout: 240_000 })

const test = testUnless(missingSlurm)

let lab: Lab
beforeAll(async () => {
  if (missingSlurm === null) lab = await openLab()
})
afterAll(() => lab?.dispose())

/** The engine of the only job that runs. */
function engineOfJob() {
  const step = livingProcesses().filter(
    ({ name, folder }) => name === 'slurmstepd' && folder.startsWith(lab.cluster.folder),
  )
  return withDescendants(step).slice(-1)
}

describe('a job that Slurm refuses', () => {
  test('because of its partition: the command names the partitions', async () => {
    const desk = await lab.makeDesk('partition')
    const { status, err } = await desk.start(...TRAIN, '--executor', 'slurm', '--partition', 'nowhere').ended
    expect(status).toBe(1)
    expect(err).toMatch(/partition.*normal, urgent.*--partition/s)
    expect(await desk.newest()).toMatchObject({ status: 'interrupted', job: { state: 'ended' } })
  })

  test('because sbatch is missing: the command says what to do', async () => {
    const desk = await lab.makeDesk('sbatch')
    const { status, err } = await desk.startWith({ PATH: '/nowhere' }, ...TRAIN, '--executor', 'slurm').ended
    expect(status).toBe(1)
    expect(err).toMatch(/Expected Slurm’s command sbatch .*--executor local/)
  })
})

describe('a job', () => {
  test('that never starts says why', async () => {
    const desk = await lab.makeDesk('never')
    const command = desk.start(...TRAIN, ...AS_JOB, '--time', '2:00:00')
    await command.says(/never starts, because it asks for more time.*--time.*PartitionTimeLimit/)
    command.signal('SIGTERM')
    expect((await command.ended).err).toMatch(/Job \d+ of run 1 goes on/)
    expect(await desk.newest()).toMatchObject({ status: 'interrupted', job: { state: 'pending' } })
  })

  test('whose engine is killed, as by a lack of memory, reads interrupted with the last words of its log', async () => {
    const desk = await lab.makeDesk('memory')
    const held = await desk.hold()
    await killAtOnce(engineOfJob())
    held.go()
    const { status, err } = await held.command.ended
    expect(status).toBe(1)
    expect(err).toMatch(/SIGKILL \(the system does so when memory runs out\).*slurm\.log/s)
    expect(await desk.newest()).toMatchObject({ status: 'interrupted', resumable: true })
    lab.expectWhole(await desk.resume(held.run).ended)
  })

  test('that the cluster has forgotten is submitted again, and loses nothing', async () => {
    const desk = await lab.makeDesk('forgotten')
    const { cluster } = lab
    const held = await desk.hold()
    held.command.signal('SIGKILL')
    await held.command.ended
    await cluster.stopController()
    await cluster.killNode(held.node)
    rmSync(join(cluster.folder, 'state'), { recursive: true })
    mkdirSync(join(cluster.folder, 'state'))
    await cluster.startController()
    await cluster.startNode(held.node)
    held.go()
    const resumed = desk.resume(held.run)
    await held.logs(/Continues after step [1-9]/)
    lab.expectWhole(await resumed.ended)
  })
})
