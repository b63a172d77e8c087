import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { type Engine, startEngine } from '../../../../src/engine/process/client.ts'
import type { Calls } from '../../../../src/engine/process/protocol.ts'
import { writeNoise, writeUnet, writeUnwritten } from '../files/noise-file.ts'

const CLIENT = new URL('../../../../src/engine/process/client.ts', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'client-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SLICES = 24
const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
let path: string
let evaluation: Calls['evaluate']['params']
beforeAll(async () => {
  path = await writeNoise(folder, 'long', { slices: SLICES, rows: 128, columns: 128 })
  evaluation = {
    files: [{ path }],
    salt: '',
    reconstructor: await writeUnet(join(folder, 'a.safetensors'), 1, 8),
    settings,
  }
})

let engine: Engine
afterEach(() => engine?.dispose())

/** Starts a call, and resolves at its first event. */
function begun<Name extends 'evaluate' | 'reconstruct'>(
  name: Name,
  params: Calls[Name]['params'],
  signal?: AbortSignal,
) {
  let answer: Promise<Calls[Name]['result']>
  const first = new Promise<void>(resolve => {
    answer = engine.call(name, params, { onEvent: () => resolve(), signal })
  })
  return { first, answer: answer! }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(20)
}

describe('an engine process', () => {
  it('that is killed ends every call with the reason, and stays dead', async () => {
    engine = startEngine(locateEngine())
    const { first, answer } = begun('evaluate', evaluation)
    await first
    expect(engine.dead).toBe(false)
    process.kill(engine.pid!, 'SIGKILL')
    await expect(answer).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringContaining('SIGKILL'),
      data: { signal: 'SIGKILL' },
    })
    expect(engine.dead).toBe(true)
    await expect(engine.call('status', {})).rejects.toMatchObject({ code: 'ENGINE_DIED' })
  })

  it('passes on a refusal for want of memory as it is', async () => {
    const large = await writeUnwritten(join(folder, 'many coils.h5'), [1, 300, 1000, 1000])
    engine = startEngine(null)
    await expect(
      engine.call('thumbnail', { path: large, content: undefined, salt: '', mask, size: 64 }),
    ).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/^Expected a slice of kspace of at most .*without the oversampling/),
    })
  })

  it('ends when it is disposed', async () => {
    engine = startEngine(null)
    await engine.call('status', {})
    engine.dispose()
    expect(engine.dead).toBe(true)
    await untilGone(engine.pid!)
  })

  it('ends when its parent is killed', async () => {
    const script = `
      import { startEngine } from ${JSON.stringify(CLIENT)}
      const engine = startEngine(null)
      await engine.call('status', {})
      console.log(engine.pid)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await untilGone(pid)
  })

  it('ignores the signals of its process group while its parent lives', async () => {
    engine = startEngine(null)
    await engine.call('status', {})
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
      process.kill(engine.pid!, signal)
      await expect(engine.call('status', {})).resolves.toMatchObject({ device: null })
    }
    engine.dispose()
    await untilGone(engine.pid!)
  })

  it('that cannot start says so', async () => {
    process.env.SELF_MRI_NODE = '/no/such/node'
    try {
      engine = startEngine(null)
    } finally {
      delete process.env.SELF_MRI_NODE
    }
    await expect(engine.call('status', {})).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringContaining('/no/such/node'),
    })
    expect(engine.pid).toBeUndefined()
  })

  it('runs on the given Node with the given flags, and its last output is kept', async () => {
    process.env.SELF_MRI_NODE = process.execPath
    process.env.SELF_MRI_NODE_FLAGS = '--no-warnings --no-such-flag'
    try {
      engine = startEngine(null)
    } finally {
      delete process.env.SELF_MRI_NODE
      delete process.env.SELF_MRI_NODE_FLAGS
    }
    await expect(engine.call('status', {})).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      message: expect.stringMatching(/exit code 9\. Its last line was: .*--no-such-flag/),
    })
  })

  it('runs with a lower priority if the option says so', async () => {
    engine = startEngine(null, { niceness: 7 })
    expect(getPriority(engine.pid!)).toBe(getPriority() + 7)
  })
})

describe('a long evaluation', () => {
  it('lets a frame be answered between two slices', async () => {
    engine = startEngine(locateEngine())
    const { first, answer } = begun('evaluate', evaluation)
    await first
    const order: string[] = []
    const shown = { show: 'image', seed: null, layer: '', channel: 0, cascade: null, coil: null } as const
    const request = {
      path,
      salt: '',
      slice: 0,
      mask,
      reconstructor: null,
      scored: true,
      source: 'network',
      ...shown,
    } as const
    await Promise.all([
      engine.call('frame', request).then(() => order.push('frame')),
      answer.then(({ volumes }) => {
        expect(volumes).toHaveLength(1)
        order.push('evaluate')
      }),
    ])
    expect(order).toEqual(['frame', 'evaluate'])
  })

  it('and a long reconstruction can be cancelled within a volume', async () => {
    engine = startEngine(locateEngine())
    const directory = join(folder, 'out')
    const reconstruction: Calls['reconstruct']['params'] = {
      ...evaluation,
      ...{ source: 'network', mask, seed: null, slice: null, format: 'hdf5', directory },
      ...{ run: '1', checkpoint: null, units: 'signal' },
    }
    for (const name of ['evaluate', 'reconstruct'] as const) {
      const stop = new AbortController()
      const params = name === 'evaluate' ? evaluation : reconstruction
      const { first, answer } = begun(name, params as Calls['reconstruct']['params'], stop.signal)
      await first
      stop.abort()
      await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' })
    }
  })

  it('tells where it computes, and with which Node and build', async () => {
    const installed = locateEngine()!
    engine = startEngine(installed)
    await engine.call('load', {})
    const { device } = await engine.call('status', {})
    expect(device).toMatchObject({
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      variant: installed.variant,
      build: basename(installed.directory),
    })
  })

  it('ends with the error if a listener throws', async () => {
    engine = startEngine(locateEngine())
    const onEvent = () => {
      throw new Error('disk full')
    }
    await expect(engine.call('evaluate', evaluation, { onEvent })).rejects.toThrow('disk full')
    await expect(engine.call('status', {})).resolves.toMatchObject({ device: { device: expect.any(String) } })
  })
})
