/** Trainings as jobs that Slurm stops in the middle. Each ends with the weights of an undisturbed training. */
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { testUnless } from '../programs.ts'
import { missingSlurm } from './cluster.ts'
import { type Lab, openLab } from './desk.ts'

vi.setConfig({ testTimeout: 240_000 })

const test = testUnless(missingSlurm)

let lab: Lab
beforeAll(async () => {
  if (missingSlurm === null) lab = await openLab()
})
afterAll(() => lab?.dispose())

describe('a job', () => {
  test('whose node is killed continues on the other node', async () => {
    const held = await (await lab.makeDesk('node')).hold()
    await lab.cluster.killNode(held.node)
    held.go()
    const row = lab.expectWhole(await held.command.ended)
    expect(row.job).toMatchObject({ id: held.job, node: held.node === 'n1' ? 'n2' : 'n1' })
    await lab.cluster.startNode(held.node)
  })

  test('that reaches its time limit stores its state, and continues in its next turn', async () => {
    const held = await (await lab.makeDesk('limit')).hold('--time', '30')
    // One minute is the shortest limit, and less than the time between the signal and the limit.
    await lab.cluster.ask('scontrol', 'update', `JobId=${held.job}`, 'TimeLimit=1')
    await held.logs(/The time limit is near/)
    held.go()
    await held.logs(/Continues after step 24/)
    expect(lab.expectWhole(await held.command.ended).job!.id).toBe(held.job)
  })

  test('whose node an urgent job needs stores its state, and continues afterwards', async () => {
    const held = await (await lab.makeDesk('preemption')).hold()
    const urgent = lab.cluster.ask('srun', '--partition=urgent', '--nodes=2', '--gres=gpu:2', 'true')
    await held.logs(/The time limit is near/)
    held.go()
    await urgent
    await held.logs(/Continues after step 24/)
    expect(lab.expectWhole(await held.command.ended).job!.id).toBe(held.job)
  })
})
