/** The check of a cluster, with stand-ins for Slurm's commands. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ClusterFinding, SlurmSettings } from '../../../../../src/contract/execution.ts'
import { locateEngine } from '../../../../../src/engine/install/install.ts'
import { checkCluster } from '../../../../../src/services/places/slurm/check-cluster.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cluster-'))
  mkdirSync(join(root, 'bin'))
  vi.stubEnv('PATH', `${join(root, 'bin')}:/usr/bin:/bin`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

const command = (name: string, line: string) =>
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })

async function check(settings: object = {}): Promise<Record<string, Pick<ClusterFinding, 'state' | 'words'>>> {
  const findings = await checkCluster(SlurmSettings.parse(settings), root)
  return Object.fromEntries(findings.map(({ about, ...found }) => [about, found]))
}

describe('a cluster', () => {
  it('that answers says when a job could start, the jobs of the user, and the partitions', async () => {
    command('sbatch', `echo "sbatch: Job 5 to start at 2026-01-01T00:00:00 on nodes n1 in partition $4" >&2`)
    command('squeue', 'printf "7\\n8\\n"')
    command('sinfo', 'printf "gpu|up|1-00:00:00|4|gpu:4\\nlong|drain|infinite|1|(null)\\n"')
    const { jobs, queue, partitions } = await check({ partition: 'gpu', gpus: 1 })
    expect(jobs).toEqual({
      state: 'good',
      words: 'A job could start at 2026-01-01T00:00:00 on nodes n1 in partition --partition=gpu.',
    })
    expect(queue).toEqual({ state: 'good', words: 'squeue answers. You have 2 jobs.' })
    expect(partitions).toEqual({
      state: 'good',
      words: 'gpu (4 nodes, limit 1-00:00:00, gpu:4); long (1 node, limit infinite, drain).',
    })
  })

  it('says that jobs compute on the CPU, if the partition has GPUs and the jobs ask for none', async () => {
    command('sinfo', 'printf "gpu|up|1-00:00:00|4|gpu:4\\nlong|up|infinite|1|(null)\\n"')
    const words = async (settings: object) => (await check(settings)).partitions.words
    expect(await words({})).toMatch(/Jobs compute on the CPU\. For a GPU: GPUs per job 1\.$/)
    expect(await words({ partition: 'gpu' })).toContain('Jobs compute on the CPU')
    expect(await words({ partition: 'long' })).not.toContain('Jobs compute')
    expect(await words({ partition: 'gpu', gpus: 0 })).not.toContain('Jobs compute')
  })

  it('that refuses the settings says so with the remedy', async () => {
    command('sbatch', 'echo "sbatch: error: invalid partition specified: gpuu" >&2; exit 1')
    command('squeue', 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1')
    command('sinfo', 'exit 1')
    const { jobs, queue, partitions } = await check({ partition: 'gpuu' })
    expect(jobs.state).toBe('bad')
    expect(jobs.words).toMatch(
      /refuses a job with these settings: invalid partition.*: gpuu\. Choose another partition/,
    )
    expect(queue).toMatchObject({ state: 'bad', words: expect.stringMatching(/Unable to contact.*Try again later\.$/) })
    expect(partitions.state).toBe('unknown')
  })

  it('that has no configuration here says so', async () => {
    for (const name of ['sbatch', 'squeue', 'sinfo']) {
      const errors = ['error: resolve_ctls_from_dns_srv: Unknown host', 'error: fetch_config: DNS SRV lookup failed']
      const lines = [...errors, 'fatal: Could not establish a configuration source']
      command(name, `printf "${lines.map(line => `${name}: ${line}\\n`).join('')}" >&2; exit 1`)
    }
    const { jobs, queue, partitions } = await check()
    for (const { words } of [jobs, queue, partitions])
      expect(words).toMatch(/: Could not establish a configuration source\. This machine has .* set SLURM_CONF\.$/)
  })

  it('whose commands are missing says which', async () => {
    vi.stubEnv('PATH', join(root, 'bin'))
    const { jobs, queue } = await check()
    expect(jobs).toMatchObject({ state: 'bad', words: expect.stringContaining('Slurm’s command sbatch') })
    expect(queue).toMatchObject({ state: 'bad', words: expect.stringContaining('Slurm’s command squeue') })
  })

  it('needs the engine for GPUs only if jobs ask for a GPU, and a folder that all nodes see', async () => {
    vi.stubEnv('SELF_MRI_CACHE', join(root, 'cache'))
    const none = await check({ gpus: 1 })
    expect(none.engine).toMatchObject({ state: 'bad', words: expect.stringMatching(/self-mri engine install --cuda$/) })
    expect((await check({ gpus: 0 })).engine.words).toMatch(/self-mri engine install$/)
    expect(none['folder of runs']).toMatchObject({ state: 'unknown', words: expect.stringContaining('--runs FOLDER') })
  })

  it('needs an engine and a program that all nodes see', async () => {
    const engineWith = async (network: (folder: string) => string | null) =>
      (await checkCluster(SlurmSettings.parse({}), root, network)).find(({ about }) => about === 'engine')!
    const installed = locateEngine()!
    expect(await engineWith(() => null)).toMatchObject({
      state: 'unknown',
      words: expect.stringContaining(`${installed.directory} looks like a local disk`),
    })
    expect((await engineWith(() => null)).words).toContain('SELF_MRI_CACHE')
    expect(await engineWith(folder => (folder === installed.directory ? 'NFS' : null))).toMatchObject({
      state: 'unknown',
      words: expect.stringMatching(/All nodes must see this program/),
    })
    expect(await engineWith(() => 'NFS')).toMatchObject({ state: 'good' })
  })
})
