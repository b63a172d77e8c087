/** A pre-training of the U-Net inside a VarNet, and its fine-tuning, by the command line: killed, and resumed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { RunDetail, RunRow } from '../../src/contract/runs.ts'
import { decodeCheckpoint } from '../../src/core/training/checkpoint.ts'

vi.setConfig({ testTimeout: 240_000 })

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-unrolled-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function start(...args: string[]) {
  const env = { ...process.env, SELF_MRI_PROFILE: join(folder, 'profile') }
  const child = spawn(process.execPath, [cli, ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const finished = new Promise<{ out: string; err: string }>(resolve => child.on('close', () => resolve({ out, err })))
  return { child, finished }
}

async function json<T>(...args: string[]): Promise<T> {
  const { out, err } = await start(...args).finished
  expect(out, err).not.toBe('')
  return JSON.parse(out)
}

/** Trains, kills the program after the second epoch, and resumes the run. */
async function disturbed(...args: string[]): Promise<RunRow> {
  const { child, finished } = start(...args)
  await new Promise<void>(resolve =>
    child.stderr.on('data', chunk => {
      if (/epoch [2-9]\//.test(String(chunk))) resolve()
    }),
  )
  child.kill('SIGKILL')
  await finished
  const stopped = (await json<RunRow[]>('runs')).at(-1)!
  expect(stopped).toMatchObject({ status: 'interrupted', resumable: true })
  return json<RunRow>('runs', 'resume', stopped.id)
}

const checkpointOf = ({ checkpoint }: RunRow) => decodeCheckpoint(readFileSync(checkpoint!.path), '')
const weightsOf = (row: RunRow) => [...checkpointOf(row).tensors].map(([name, { data }]) => [name, data])

it('ends with equal weights when it is killed, before and after the weights are copied into the cascades', async () => {
  const network = ['--network', 'varnet', '--cascades', '2', '--channels', '4', '--pools', '2', '--maps', 'none']
  const common = ['--slices', 'middle', '--save-minutes', '0.0005', '--epochs', '12']
  const pretraining = ['pretrain', '--method', 'subsample-again', ...network, ...common]
  const [whole, rest] = [await json<RunRow>(...pretraining), await disturbed(...pretraining)]
  expect(rest).toMatchObject({ network: 'varnet', status: 'finished', epochs: { done: 12, planned: 12 } })
  expect(weightsOf(rest)).toEqual(weightsOf(whole))
  const { metadata, tensors } = checkpointOf(whole)
  expect(metadata).toMatchObject({ network: 'complex-unet', kind: 'pretrain', method: 'subsample-again' })
  expect([...tensors.keys()].every(name => name.startsWith('unet.'))).toBe(true)

  const fineTuning = (from: RunRow) => ['finetune', '--from', from.id, ...common]
  const [tuned, resumed] = [await json<RunRow>(...fineTuning(whole)), await disturbed(...fineTuning(rest))]
  expect(resumed).toMatchObject({ network: 'varnet', parent: rest.id, status: 'finished' })
  expect(weightsOf(resumed)).toEqual(weightsOf(tuned))
  expect(checkpointOf(tuned).tensors.has('cascades.1.model.unet.down_sample_layers.0.layers.0.weight')).toBe(true)

  // Images of a pre-training are those of the U-Net that it trained.
  const volume = fileURLToPath(new URL('../../resources/demonstration/ulf055T_7B_FSE.h5', import.meta.url))
  const images = ['reconstruct', volume, '--run', whole.id, '--slice', '4', '--out', join(folder, 'images')]
  expect(await json<object>(...images)).toMatchObject({ run: whole.id, volumes: [{ path: volume, empty: [] }] })
  const detail = await json<RunDetail>('runs', tuned.id)
  expect(detail.notes.map(({ level }) => level)).not.toContain('warning')
})
