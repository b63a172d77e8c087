/** Slurm, with stand-ins for its commands. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SlurmSettings } from '../../../../../src/contract/execution.ts'
import { type JobExecutor, Later } from '../../../../../src/services/places/jobs/job-executor.ts'
import type { JobRecord } from '../../../../../src/services/places/jobs/job-files.ts'
import { splitWords } from '../../../../../src/services/places/slurm/shell-words.ts'
import { makeSlurm } from '../../../../../src/services/places/slurm/slurm.ts'

let root: string
let folder: string
let settings: SlurmSettings
let slurm: JobExecutor

const record: JobRecord = {
  executor: 'slurm',
  id: '812',
  name: 'self-mri-7',
  token: 'self-mri-token',
  fruitless: 1,
  step: 0,
  told: false,
}
const job = (change: Partial<JobRecord> = {}) => ({ folder, record: { ...record, ...change } })

/** A stand-in that writes down its arguments, one a line, and then runs a line of shell. */
function command(name: string, line: string): void {
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >>'${join(root, `${name}.args`)}'\n${line}\n`
  writeFileSync(join(root, 'bin', name), script, { mode: 0o755 })
}
const argumentsOf = (name: string): string[] => {
  const text = readFileSync(join(root, `${name}.args`), 'utf8')
  rmSync(join(root, `${name}.args`))
  return text.split('\n').slice(0, -1)
}

/** squeue answers with these lines. */
const queue = (...lines: string[]) => command('squeue', `cat <<'END'\n${lines.join('\n')}\nEND`)
const line = (state: string, { id = 812, reason = 'None', node = '', start = 'N/A', comment = record.token } = {}) =>
  `${id}|${state}|${reason}|${node}|${start}|${comment}|/elsewhere`
const see = async (change: Partial<JobRecord> = {}) => (await slurm.look({ soon: true })).find(job(change))

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slurm-'))
  folder = join(root, 'runs of 50 %', "7's job")
  mkdirSync(folder, { recursive: true })
  mkdirSync(join(root, 'bin'))
  vi.stubEnv('PATH', `${join(root, 'bin')}${delimiter}${process.env.PATH}`)
  vi.stubEnv('SELF_MRI_SLURM_POLL', '0')
  settings = SlurmSettings.parse({})
  slurm = makeSlurm(() => settings)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

describe('submitting', () => {
  it('passes the options of the settings, and the options of the user last', async () => {
    command('sbatch', 'echo "812;cluster"')
    settings = SlurmSettings.parse({
      partition: 'gpu',
      time: '4:00:00',
      gpus: 1,
      cpus: 8,
      memory: '32G',
      account: 'a',
      qos: 'q',
      constraint: 'a100',
      setup: 'module load gcc',
      sbatch: `--exclude=n3 --mail-user="x y"`,
    })
    expect(await slurm.submit(job())).toBe('812')
    const args = argumentsOf('sbatch')
    expect(args).toEqual([
      '--parsable',
      '--job-name=self-mri-7',
      '--comment=self-mri-token',
      `--output=${join(root, 'runs of 50 %%', "7's job", 'slurm.log')}`,
      `--chdir=${folder}`,
      '--open-mode=append',
      '--nodes=1',
      '--ntasks=1',
      '--requeue',
      '--signal=B:USR2@120',
      '--partition=gpu',
      '--time=4:00:00',
      '--gres=gpu:1',
      '--cpus-per-task=8',
      '--mem=32G',
      '--account=a',
      '--qos=q',
      '--constraint=a100',
      '--exclude=n3',
      '--mail-user=x y',
      join(folder, 'job.sh'),
    ])
    const script = readFileSync(args.at(-1)!, 'utf8')
    expect(script).toMatch(/^#!\/bin\/bash\n/)
    const [setup, exec] = script.trimEnd().split('\n').slice(-2)
    expect(setup).toBe('module load gcc')
    expect(exec).toMatch(/^exec .*main[.]ts job '/)
    expect(statSync(args.at(-1)!).mode & 0o777).toBe(0o700)
  })

  it('asks for no GPU if none is wanted', async () => {
    command('sbatch', 'echo 812')
    settings = SlurmSettings.parse({ gpus: 0 })
    await slurm.submit(job())
    expect(argumentsOf('sbatch').filter(each => each.startsWith('--gres'))).toEqual([])
  })

  it('gives a job nothing of the job in which the program itself runs', async () => {
    command('sbatch', 'env >&2; echo 812; exit 1')
    vi.stubEnv('SLURM_CPUS_PER_TASK', '64')
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '3')
    vi.stubEnv('SLURM_CONF', '/etc/slurm/slurm.conf')
    const words = await slurm.submit(job()).catch(error => error.message)
    expect(words).toContain('SLURM_CONF=/etc/slurm/slurm.conf')
    expect(words).not.toMatch(/SLURM_CPUS_PER_TASK|CUDA_VISIBLE_DEVICES/)
  })

  it('keeps defaults of the user, but no variable by which a job would not be found or not be cancelled', async () => {
    const harmful = ['SQUEUE_STATES', 'SCANCEL_STATE', 'SINFO_PARTITION', 'SBATCH_WAIT', 'SBATCH_ARRAY_INX']
    const kept = ['SBATCH_PARTITION', 'SBATCH_ACCOUNT', 'SBATCH_WAIT_ALL_NODES', 'SLURM_CLUSTERS']
    for (const name of [...harmful, ...kept]) vi.stubEnv(name, '1')
    command('sbatch', 'env >&2; echo 812; exit 1')
    const words = await slurm.submit(job()).catch(error => error.message)
    for (const name of kept) expect(words).toContain(`${name}=1`)
    for (const name of harmful) expect(words).not.toContain(`${name}=1`)
  })

  it('names the partitions if there is no such partition', async () => {
    command('sbatch', 'echo "sbatch: error: invalid partition specified: gpuu" >&2; exit 1')
    command('sinfo', 'printf "normal\\nlong\\n"')
    await expect(slurm.submit(job())).rejects.toMatchObject({
      code: 'JOB_REFUSED',
      message:
        'sbatch refused the job: invalid partition specified: gpuu. The cluster has the partitions normal, long. ' +
        'Choose another partition: --partition (Partition).',
    })
  })

  it.each([
    ['Batch job submission failed: Invalid account or account/partition combination specified', '--account'],
    ['Batch job submission failed: Invalid qos specification', '--qos'],
    ['Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)', '--time'],
    ['Batch job submission failed: Invalid generic resource (gres) specification', '--gpus'],
    ['Batch job submission failed: Invalid feature specification', '--constraint'],
    ['Memory specification can not be satisfied', '--memory'],
    ['Batch job submission failed: Requested node configuration is not available', '--cpus'],
    ["unrecognized option '--exclud=n3'", '--sbatch'],
    ['Batch job submission failed: Unspecified error', 'administrators'],
  ])('says what to do about “%s”', async (words, remedy) => {
    command('sbatch', `echo "sbatch: error: ${words}" >&2; exit 1`)
    command('sinfo', 'exit 1')
    const error = await slurm.submit(job()).catch(error => error)
    expect(error).toMatchObject({ code: 'JOB_REFUSED' })
    expect(error.message).toContain(words)
    expect(error.message).toContain(remedy)
  })

  it.each([
    'Batch job submission failed: Unable to contact slurm controller (connect failure)',
    'Batch job submission failed: Socket timed out on send/recv operation',
    'QOSMaxSubmitJobPerUserLimit',
  ])('may succeed later after “%s”', async words => {
    command('sbatch', `echo "sbatch: error: ${words}" >&2; exit 1`)
    const error = await slurm.submit(job()).catch(error => error)
    expect(error).toBeInstanceOf(Later)
    expect(error.message).toContain(words)
  })

  it('names the missing command', async () => {
    vi.stubEnv('PATH', join(root, 'bin'))
    await expect(slurm.submit(job())).rejects.toMatchObject({
      code: 'JOB_REFUSED',
      message: expect.stringMatching(/Slurm’s command sbatch.*--executor local/),
    })
    await expect(slurm.look()).rejects.toMatchObject({ code: 'JOB_REFUSED' })
  })
})

describe('the state of a job', () => {
  it.each([
    ['PENDING', 'Priority', /other jobs have a higher priority/],
    ['PENDING', 'Resources', /waits for a free node/],
    ['PENDING', 'ReqNodeNotAvail, UnavailableNodes:n1', /down, drained or reserved.*--partition.*UnavailableNodes:n1/],
    ['PENDING', 'QOSMaxJobsPerUserLimit', /already use as much as the cluster permits/],
    ['PENDING', 'AssocGrpGRES', /already use as much/],
    ['PENDING', 'PartitionTimeLimit', /never starts.*--time/],
    ['PENDING', 'QOSMaxWallDurationPerJobLimit', /never starts.*--time/],
    ['PENDING', 'QOSMaxCpuPerJobLimit', /never starts.*--cpus/],
    ['PENDING', 'BeginTime', /in the queue again.*two minutes/],
    ['PENDING', 'JobHeldUser', /scontrol release 812/],
    ['PENDING', 'launch failed requeued held', /scontrol release 812/],
    ['PENDING', 'JobHeldAdmin', /administrator/],
    ['PENDING', 'PartitionDown', /partition is closed/],
    ['PENDING', 'SomethingNew', /^Job 812 waits[.] Slurm’s reason: SomethingNew[.]$/],
    ['CONFIGURING', 'None', /node is being started/],
  ])('%s (%s)', async (state, reason, words) => {
    queue(line(state, { reason }))
    const seen = await see()
    expect(seen).toMatchObject({ state: 'pending', id: '812', node: null })
    expect(seen.words).toMatch(words)
  })

  it('tells when Slurm expects the start', async () => {
    queue(line('PENDING', { reason: 'Resources', start: '2026-12-01T08:30:00' }))
    expect((await see()).words).toContain('expects its start at 2026-12-01 08:30:00')
  })

  it.each([
    ['RUNNING', 'Job 812 runs on n1.'],
    ['COMPLETING', 'Job 812 is ending on n1.'],
    ['SUSPENDED', 'suspended on n1'],
    ['SOMETHING_NEW', 'Job 812 runs on n1.'],
  ])('%s', async (state, words) => {
    queue(line(state, { node: 'n1' }))
    const seen = await see()
    expect(seen).toMatchObject({ state: 'running', node: 'n1' })
    expect(seen.words).toContain(words)
  })

  it.each([
    ['OUT_OF_MEMORY', false, /ran out of memory on n1.*had 4G.*--memory/],
    ['TIMEOUT', true, /time limit on n1 .*--time/],
    ['NODE_FAIL', true, /node of job 812 failed/],
    ['PREEMPTED', true, /higher priority/],
    ['CANCELLED', false, /Somebody cancelled/],
    ['FAILED', false, /without a result \(FAILED\)/],
    ['COMPLETED', false, /without a result \(COMPLETED\)/],
  ])('%s', async (state, again, words) => {
    settings = SlurmSettings.parse({ memory: '4G' })
    queue(line(state, { node: 'n1' }))
    const seen = await see()
    expect(seen).toMatchObject({ state: 'ended', again })
    expect(seen.words).toMatch(words)
  })

  it('of a forgotten job is “missing”, and without an answer it is not known', async () => {
    queue(line('RUNNING', { id: 9, comment: 'another' }))
    expect(await see()).toMatchObject({ state: 'missing' })
    command('squeue', 'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1')
    const seen = await see()
    expect(seen).toMatchObject({ state: 'unknown' })
    expect(seen.words).toMatch(/does not answer.*Unable to contact.*not affected/)
  })

  it('is found if the number was lost, and a job that lives counts more than one that has ended', async () => {
    queue(line('TIMEOUT', { id: 700 }), line('RUNNING', { id: 813, node: 'n2' }), line('FAILED', { id: 900 }))
    expect(await see({ id: null })).toMatchObject({ state: 'running', id: '813' })
  })

  it('is not that of an earlier submission, which an older answer still names', async () => {
    queue(line('TIMEOUT', { id: 700 }))
    expect(await see({ id: '812' })).toMatchObject({ state: 'missing' })
    expect(await see({ id: '700' })).toMatchObject({ state: 'ended', id: '700' })
    queue(line('TIMEOUT', { id: 813 })) // the scheduler took a later submission, whose id was lost
    expect(await see({ id: '812' })).toMatchObject({ state: 'ended', id: '813' })
  })

  it('is found by its folder if the cluster replaces comments', async () => {
    queue(`813|RUNNING|None|n2|N/A|(null)|${folder}`)
    expect(await see({ id: null })).toMatchObject({ state: 'running', id: '813' })
  })

  it('is not that of another cluster’s job of equal number', async () => {
    queue(line('RUNNING', { comment: 'a job of somebody else' }))
    expect(await see()).toMatchObject({ state: 'missing' })
  })

  it('of all jobs is asked for at once, and only once in a while', async () => {
    vi.stubEnv('SELF_MRI_SLURM_POLL', '1000')
    queue(line('RUNNING', { node: 'n1' }), line('PENDING', { id: 813, comment: 'other' }))
    const looks = await Promise.all([slurm.look(), slurm.look(), slurm.look()])
    expect((await slurm.look()).number).toBe(looks[0].number)
    expect(looks[0].find(job({ id: '813', token: 'other' }))).toMatchObject({ state: 'pending' })
    expect(argumentsOf('squeue').filter(each => each === '--me')).toEqual(['--me'])
  })
})

describe('cancelling', () => {
  it('asks scancel', async () => {
    command('scancel', '')
    await slurm.cancel(job())
    expect(argumentsOf('scancel')).toEqual(['812'])
  })

  it('a job that has ended is no fault, and a controller that is away is asked again', async () => {
    command('scancel', 'echo "scancel: error: Kill job error on job id 812: Invalid job id specified" >&2; exit 1')
    await slurm.cancel(job())
    command('scancel', 'echo "scancel: error: slurm_kill_job2 error: Unable to contact slurm controller" >&2; exit 1')
    await expect(slurm.cancel(job())).rejects.toBeInstanceOf(Later)
  })
})

it('splits options as a shell does', () => {
  expect(splitWords(`  --a=1 --b="x \\"y\\" z" --c='it is' d\\ e  `)).toEqual([
    '--a=1',
    '--b=x "y" z',
    '--c=it is',
    'd e',
  ])
  expect(splitWords('')).toEqual([])
})
