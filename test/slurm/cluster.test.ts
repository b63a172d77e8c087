/** The cluster for tests itself: what it leaves behind would disturb other tests, and other programs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, vi } from 'vitest'
import { testUnless } from '../programs.ts'
import { type Cluster, missingSlurm, startCluster } from './cluster.ts'
import { isAlive, livingProcesses } from './processes.ts'

const test = testUnless(missingSlurm)
const SCRIPT = fileURLToPath(new URL('../../scripts/slurm.ts', import.meta.url))

const PATIENCE_MS = 50_000

let cluster: Cluster | null = null
afterEach(async () => {
  await cluster?.stop()
  cluster = null
})

/** Submits a job that writes its process into `FOLDER/NAME`, and waits until the job runs. */
async function submit({ ask, folder }: Pick<Cluster, 'ask' | 'folder'>, name: string, ...options: string[]) {
  const file = join(folder, name)
  const script = `echo $$ >${file}; exec sleep 300`
  const id = await ask('sbatch', '--parsable', '--output=/dev/null', ...options, `--wrap=${script}`)
  await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toMatch(/^\d+\n/), PATIENCE_MS)
  return { id, pid: Number.parseInt(readFileSync(file, 'utf8'), 10) }
}

const workingIn = (folder: string) => livingProcesses().filter(each => each.folder.startsWith(folder))

describe('a cluster', () => {
  test('runs jobs on two nodes with two GPUs each, and stops without a rest', async () => {
    cluster = await startCluster()
    const { ask, folder } = cluster
    const words = await ask(
      'srun',
      '--nodes=2',
      '--gres=gpu:2',
      'sh',
      '-c',
      'echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES',
    )
    expect(words.split('\n').sort()).toEqual(['n1 0,1', 'n2 0,1'])
    const { pid } = await submit(cluster, 'job')
    expect(workingIn(folder).map(({ name }) => name)).toContain('slurmstepd')
    await cluster.stop()
    expect(workingIn(folder)).toEqual([])
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  test('loses a node, and knows its jobs after the controller was away', async () => {
    cluster = await startCluster()
    const { ask } = cluster
    const [lost, kept] = [await submit(cluster, 'lost', '-w', 'n1'), await submit(cluster, 'kept', '-w', 'n2')]
    await cluster.killNode('n1')
    expect([lost, kept].map(({ pid }) => isAlive(pid))).toEqual([false, true])
    await cluster.stopController()
    await expect(ask('scontrol', 'ping')).rejects.toThrow(/scontrol ping/)
    await cluster.startController()
    expect(await ask('squeue', '-h', '-j', kept.id, '-o', '%T %N')).toBe('RUNNING n2')
    await cluster.startNode('n1')
    await ask('scancel', kept.id)
    await vi.waitFor(() => expect(isAlive(kept.pid)).toBe(false), PATIENCE_MS)
  })

  test('whose process was killed is ended by the next start', async () => {
    const script = spawn(process.execPath, [SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(script.stdout, 'data')
    const folder = /^export SLURM_CONF=(.*)\/slurm\.conf\n$/.exec(String(line))![1]
    const closed = once(script, 'close')
    script.kill('SIGKILL')
    await closed
    expect(workingIn(folder)).not.toEqual([])
    cluster = await startCluster()
    expect(workingIn(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect(await cluster.ask('srun', 'hostname')).not.toBe('')
  })
})
