/** Trainings as jobs of a real Slurm, on the real command line. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { ReproductionReport } from '../../src/contract/reproduction.ts'
import type { RunRow } from '../../src/contract/runs.ts'
import { testUnless } from '../programs.ts'
import { weightsOf } from '../weights.ts'
import { missingSlurm } from './cluster.ts'
import { AS_JOB, type Desk, type Lab, openLab } from './desk.ts'

vi.setConfig({ testTimeout: 240_000 })

const test = testUnless(missingSlurm)

let lab: Lab
beforeAll(async () => {
  if (missingSlurm === null) lab = await openLab()
})
afterAll(() => lab?.dispose())

/** States of all jobs that Slurm knows, by number. */
async function states(): Promise<Record<string, string>> {
  const lines = await lab.cluster.ask('squeue', '-h', '-t', 'all', '-o', '%A %T')
  return Object.fromEntries(lines.split('\n').map(line => line.split(' ')))
}

describe('a reproduction as jobs', () => {
  /** Weights and scores of a reproduction. */
  async function reproduce(desk: Desk, ...options: readonly string[]) {
    const out = join(desk.folder, 'out')
    const { status, err } = await desk.start(
      ...['reproduce', '--study', 'noise', '--methods', 'subsample-again', '--headline', '--out', out, ...options],
    ).ended
    expect(status, err).toBe(0)
    const { rows } = ReproductionReport.parse(JSON.parse(readFileSync(join(out, 'study.json'), 'utf8')))
    const runs = await desk.json<RunRow[]>('runs')
    return {
      runs,
      rows: rows.map(({ key, metrics, manyMasks, volumes }) => ({ key, metrics, manyMasks, volumes })),
      weights: Object.fromEntries(
        runs.map(({ checkpoint, config }) => [JSON.stringify(config), weightsOf(checkpoint!.path)]),
      ),
    }
  }

  test('has the weights and scores of one after another on this machine', async () => {
    const here = await reproduce(await lab.makeDesk('one after another'))
    const jobs = await reproduce(await lab.makeDesk('at once'), ...AS_JOB)
    expect(jobs.rows).toEqual(here.rows)
    expect(jobs.weights).toEqual(here.weights)
    expect(jobs.runs.map(({ job }) => job?.state)).toEqual(jobs.runs.map(() => 'ended'))
  })
})

describe('a training as a job', () => {
  test('goes on without its driver, and the next driver follows the same job', async () => {
    const desk = await lab.makeDesk('driver')
    const held = await desk.hold()
    held.command.signal('SIGKILL')
    await held.command.ended
    const before = Object.keys(await states())
    const next = desk.resume(held.run)
    await next.says(/epoch 6\/40/)
    held.go()
    expect(lab.expectWhole(await next.ended)).toMatchObject({ id: held.run, job: { id: held.job } })
    expect(Object.keys(await states())).toEqual(before)
    const again = await desk.resume(held.run).ended
    expect(again.status).toBe(2)
    expect(again.err).toMatch(/finished/)
  })

  test('is followed by a program that trains here, survives its Ctrl+C, and continues here after its end', async () => {
    const desk = await lab.makeDesk('back')
    const held = await desk.hold()
    held.command.signal('SIGKILL')
    await held.command.ended
    const stopped = desk.start('runs', 'resume', held.run)
    await stopped.says(/epoch 6\/40/)
    stopped.signal('SIGINT')
    expect((await stopped.ended).err).toMatch(new RegExp(`Job ${held.job} of run ${held.run} goes on`))
    expect(await states()).toMatchObject({ [held.job]: 'RUNNING' })
    const next = desk.start('runs', 'resume', held.run, '--json')
    await next.says(/epoch 6\/40/)
    await lab.cluster.ask('scancel', held.job)
    await held.logs(/SIGTERM/)
    held.go()
    expect(lab.expectWhole(await next.ended)).toMatchObject({ id: held.run, job: { id: held.job, state: 'ended' } })
  })

  test('goes on while the controller is down', async () => {
    const desk = await lab.makeDesk('controller')
    const held = await desk.hold()
    await lab.cluster.stopController()
    await held.command.says(/Slurm does not answer/)
    held.go()
    await held.logs(/The job is done/)
    await lab.cluster.startController()
    lab.expectWhole(await held.command.ended)
  })

  test('that somebody cancels with scancel is interrupted, with the reason and its log, and resumes', async () => {
    const desk = await lab.makeDesk('scancel')
    const held = await desk.hold()
    await lab.cluster.ask('scancel', held.job)
    await held.logs(/SIGTERM/)
    held.go()
    const { status, err } = await held.command.ended
    expect(status).toBe(1)
    expect(err).toMatch(new RegExp(`Somebody cancelled job ${held.job}.*slurm\\.log`))
    const row = await desk.newest()
    expect(row).toMatchObject({ status: 'interrupted', resumable: true, stateStep: 24 })
    expect(row.reason).toContain(`Somebody cancelled job ${held.job}`)
    const resumed = desk.resume(held.run)
    await resumed.says(/continues after step 24/)
    lab.expectWhole(await resumed.ended)
  })

  test('is listed by jobs, and cancelled by jobs cancel', async () => {
    const desk = await lab.makeDesk('cancel')
    const held = await desk.hold()
    const { out } = await desk.start('jobs').ended
    expect(out).toContain(held.job)
    const cancelled = desk.start('jobs', 'cancel', held.run)
    await held.logs(/cancelled|SIGTERM/)
    held.go()
    expect((await cancelled.ended).status).toBe(0)
    await held.command.ended
    expect(await states()).toMatchObject({ [held.job]: 'CANCELLED' })
    expect(await desk.newest()).toMatchObject({ status: 'interrupted', resumable: true, stateStep: 24 })
  })
})
