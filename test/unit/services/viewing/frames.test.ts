/** Requests of panes for images, from the path to the engine, and scores by seed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FRAME_HEADER, FramesPart, framePath, type Show } from '../../../../src/contract/images.ts'
import type { EvaluationSettings } from '../../../../src/core/evaluate.ts'
import { describeFrame } from '../../../../src/core/viewing/frame.ts'
import type { Frame, FrameRequest, Progress } from '../../../../src/engine/process/protocol.ts'
import { createHandler, type Handler } from '../../../../src/services/http/handler.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { volumeById } from '../../../../src/services/studies/studies.ts'
import { makeFrames } from '../../../../src/services/viewing/frames.ts'
import { fakeEngines } from '../../../engines.ts'
import { addStudy, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const picture = { image: Float32Array.of(1, 2), shape: [1, 2], units: 'signal', note: 'log₁₀ of |x̂|, “×”' } as const
const answer: Frame = {
  image: picture.image,
  meta: describeFrame(picture, { show: 'image', volumeMaximum: null }),
}
const metrics = { ssim: 0.5, psnr: 20, nmse: 0.1, foreground: { ssim: 0.4, nmse: 0.2 } }
const several = {
  mean: { ...answer, meta: { ...answer.meta, metrics: null } },
  spread: { ...answer, meta: { ...answer.meta, metrics: null } },
}

let profile: string
let opened: Services
let services: Services
let handler: Handler
let asked: FrameRequest[]
let scored: EvaluationSettings[]
let volume: number
let path: string

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-frames-'))
  opened = openServices({ profile })
  asked = []
  scored = []
  services = {
    ...opened,
    contents: contentsOf(opened.profile),
    engines: fakeEngines({
      interactive: {
        async call(name: string, request: FrameRequest & { settings: EvaluationSettings }) {
          if (name === 'frame') return asked.push(request) && answer
          if (name === 'overMasks') return asked.push(request) && several
          if (name === 'metrics') return metrics
          if (name !== 'evaluate') return new Promise(() => {})
          scored.push(request.settings)
          return { volumes: [{ ssim: 1, psnr: 1, nmse: 0, acceleration: 4, slices: 2 }], skipped: [] }
        },
      },
    }),
  }
  path = join(profile, 'a.h5')
  writeFileSync(path, 'k-space')
  volume = addStudy(services.profile, 's', [[{ ...noiseVolume('a').info, path }, 'test']]).volumes[0].id
  handler = createHandler(services, { assets: profile })
})

afterEach(() => {
  opened.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const get = (address: string) => handler(new Request(`http://localhost${address}`))

describe('a frame’s path', () => {
  it('omits defaults', () => {
    const plain = '/frames/3/1/run:7?kind=random&acceleration=4&center=0.08'
    expect(framePath(3, 1, 'run:7', mask)).toBe(plain)
    expect(framePath(3, 1, 'run:7', mask, { show: 'image', seed: null, version: '', layer: 'a' })).toBe(plain)
    expect(framePath(3, 1, 'run:7', mask, { version: 'v' })).toBe(`${plain}&version=v`)
    expect(framePath(3, 1, 'run:7', mask, { show: 'ssim', seed: 0 })).toBe(`${plain}&show=ssim&seed=0`)
    expect(framePath(3, 1, 'run:7', mask, { show: 'feature', layer: 'a&b', channel: 2 })).toBe(
      `${plain}&show=feature&layer=a%26b&channel=2`,
    )
    expect(framePath(3, 1, 'run:7', mask, { cascade: 2 })).toBe(plain)
    expect(framePath(3, 1, 'run:7', mask, { show: 'cascade' })).toBe(`${plain}&show=cascade`)
    expect(framePath(3, 1, 'run:7', mask, { show: 'cascade', cascade: 0 })).toBe(`${plain}&show=cascade&cascade=0`)
  })

  it('asks the engine for its image, once', async () => {
    const options = { show: 'feature', seed: 5, layer: 'a&b', channel: 2 } as const
    for (const address of [
      framePath(volume, 1, 'zero-filled', mask),
      framePath(volume, 1, 'zero-filled', mask, options),
      framePath(volume, 1, 'zero-filled', mask, { show: 'k-space', coil: 3 }),
      framePath(volume, 1, 'zero-filled', mask, { show: 'cascade', cascade: 0 }),
      framePath(volume, 1, 'zero-filled', mask, { show: 'cascade', cascade: 2 }),
    ]) {
      const response = await get(address)
      expect(JSON.parse(response.headers.get(FRAME_HEADER)!)).toEqual({ ...answer.meta, metrics })
      await get(address)
    }
    const { content } = volumeById(opened.profile, volume)
    const common = {
      path,
      content,
      salt: opened.profile.salt,
      slice: 1,
      mask,
      source: 'network',
      reconstructor: null,
      scored: true,
    }
    expect(asked).toEqual([
      { ...common, show: 'image', seed: null, layer: '', channel: 0, cascade: null, coil: null },
      { ...common, ...options, cascade: null, coil: null },
      { ...common, show: 'k-space', seed: null, layer: '', channel: 0, cascade: null, coil: 3 },
      ...[0, 2].map(cascade => ({
        ...common,
        show: 'cascade',
        seed: null,
        layer: '',
        channel: 0,
        cascade,
        coil: null,
      })),
    ])
  })

  it('differs if any part differs, but the ground truth depends on the mask for its residual only', async () => {
    const shown = (source: string, show: Show, seed: number | null, acceleration = 4) =>
      get(framePath(volume, 1, source, { ...mask, acceleration }, { show, seed }))
    for (const show of ['image', 'ssim', 'mask'] as const)
      for (const seed of [null, 0, 1]) {
        await shown('zero-filled', show, seed)
        await shown('truth', show, seed)
      }
    expect(asked).toHaveLength(9 + 3)
    for (const seed of [null, 0])
      for (const acceleration of [4, 8]) await shown('truth', 'residual', seed, acceleration)
    expect(asked).toHaveLength(12 + 4)
    for (const seed of [0, 1]) for (const show of ['mean', 'spread'] as const) await shown('zero-filled', show, seed)
    expect(asked).toHaveLength(16 + 1) // Mean and spread come from one computation over fixed seeds.
  })

  it('that is invalid is refused with a message', async () => {
    const plain = framePath(volume, 1, 'zero-filled', mask)
    for (const [address, message] of [
      [`${plain}&show=sideways`, 'Expected to show one of image, ssim, k-space'],
      [`${plain}&show=`, 'Expected to show one of'],
      [`${plain}&seed=-1`, 'Omit the seed'],
      [`${plain}&seed=1.5`, 'from 0 to 4294967295, got 1.5'],
      [`${plain}&seed=4294967296`, 'from 0 to 4294967295'],
      [`${plain}&seed=`, 'Omit the seed'],
      [`${plain}&show=feature&channel=x`, 'Expected a channel’s number, got x'],
      [`${plain}&coil=-1`, 'Expected a coil’s number, got -1'],
      [plain.replace('random', 'diagonal'), 'Expected a mask'],
    ]) {
      const response = await get(address)
      const expected = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }
      expect([response.status, await response.json()], address).toEqual([400, expected])
    }
    expect(asked).toEqual([])
  })

  it('can name fastMRI’s magic masks', async () => {
    expect((await get(framePath(volume, 1, 'zero-filled', { ...mask, kind: 'magic' }))).status).toBe(200)
    expect(asked[0].mask.kind).toBe('magic')
  })
})

describe('several frames at once', () => {
  const post = (body: unknown) =>
    handler(new Request('http://localhost/frames', { method: 'POST', body: JSON.stringify(body) }))

  async function partsOf(response: Response): Promise<{ head: FramesPart; pixels: Float32Array }[]> {
    const bytes = await response.arrayBuffer()
    const parts: { head: FramesPart; pixels: Float32Array }[] = []
    for (let at = 0; at < bytes.byteLength; ) {
      const lengths = new DataView(bytes, at)
      const [text, image] = [lengths.getUint32(0, true), lengths.getUint32(4, true)]
      const head = FramesPart.parse(JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, at + 8, text))))
      parts.push({ head, pixels: new Float32Array(bytes.slice(at + 8 + text, at + 8 + text + image)) })
      at += 8 + text + image
    }
    return parts
  }

  it('come each with its path, images before metrics, and one failure does not affect the others', async () => {
    const [first, second] = [1, 2].map(slice => framePath(volume, slice, 'zero-filled', mask))
    const wrong = framePath(volume, 1, 'run:99', mask)
    const parts = await partsOf(await post({ frames: [wrong, first], metrics: [second] }))
    expect(
      parts.map(({ head: { path, meta, error } }) => [path, meta ? 'image' : error ? error.code : 'metrics']),
    ).toEqual(
      expect.arrayContaining([
        [wrong, 'RUN_NOT_FOUND'],
        [first, 'image'],
        [first, 'metrics'],
        [second, 'metrics'],
      ]),
    )
    const image = parts.findIndex(({ head }) => head.meta)
    expect(parts[image]).toEqual({ head: { path: first, meta: answer.meta }, pixels: answer.image })
    expect(parts.slice(0, image).some(({ head }) => head.metrics)).toBe(false)
    expect(parts.at(-1)!.head.metrics).toEqual(metrics)
  })

  it('send the progress of a classical image, and its cancellation reaches the engine', async () => {
    const calls: { request: FrameRequest; signal: AbortSignal; onEvent(progress: Progress): void }[] = []
    const made = Promise.withResolvers<Frame>()
    services.engines.interactive.call = ((name: string, request: FrameRequest, options: (typeof calls)[number]) => {
      if (name !== 'frame') return Promise.resolve(metrics)
      calls.push({ ...options, request })
      return request.slice === 1 ? made.promise : new Promise(() => {})
    }) as never
    const path = framePath(volume, 1, 'cg-sense', mask)
    const asked = JSON.stringify({ frames: [path], metrics: [] })
    const request = () => handler(new Request('http://localhost/frames', { method: 'POST', body: asked }))
    const left = await request()
    const parts = partsOf(await request())
    await vi.waitFor(() => expect(calls).toHaveLength(1))
    expect(calls[0].request.reconstructor).toMatchObject({ classical: 'cg-sense', config: { iterations: 30 } })
    calls[0].onEvent({ done: 0, total: 30, label: 'coil maps' })
    calls[0].onEvent({ done: 1, total: 30, label: 'iterations' }) // too soon after the last
    await left.body!.cancel()
    expect(calls[0].signal.aborted).toBe(false) // the other request still waits
    made.resolve({ ...answer, meta: { ...answer.meta, metrics: undefined } })
    expect((await parts).map(({ head }) => head)).toEqual([
      { path, progress: { done: 0, total: 30 } },
      { path, meta: answer.meta },
      { path, metrics },
    ])
    const next = framePath(volume, 0, 'cg-sense', mask)
    const body = JSON.stringify({ frames: [next], metrics: [] })
    const alone = await handler(new Request('http://localhost/frames', { method: 'POST', body }))
    await vi.waitFor(() => expect(calls).toHaveLength(2))
    await alone.body!.cancel()
    expect(calls[1].signal.aborted).toBe(true)
  })

  it('compute a classical image once for what is made of it', async () => {
    for (const show of ['residual', 'k-space', 'ssim', 'mask', 'phase'] as const)
      await get(framePath(volume, 1, 'sense', mask, { show }))
    expect(asked.map(({ show }) => show)).toEqual(['image', 'residual', 'k-space', 'ssim', 'mask', 'phase'])
  })

  it('are requested by their paths', async () => {
    for (const body of [null, { frames: 'a', metrics: [] }, { frames: [] }]) expect((await post(body)).status).toBe(400)
  })
})

it('a score uses the mask that its seed draws, and says so', async () => {
  const frames = makeFrames(services)
  const score = (seed: number | null, source = 'zero-filled') => frames.score({ volume, source, mask, seed })
  for (const seed of [null, 3, 0, 3]) {
    const { protocol } = (await score(seed))!
    expect(protocol).toMatchObject({ maskSeed: seed === null ? 'file name' : `seed ${seed}`, maskDraws: 1 })
  }
  expect(scored.map(({ maskSeed }) => maskSeed)).toEqual([undefined, 3, 0])
  expect(await score(3, 'truth')).toBeNull()
})
