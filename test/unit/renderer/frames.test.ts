/** Requests for the panes' images: all images together, each once, and cancelled if no pane needs them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FrameMeta, FramesPart, FramesRequest } from '../../../src/contract/images.ts'

vi.mock('react', () => ({
  useEffect: (effect: () => undefined | (() => void)) => leaving.push(effect() ?? (() => {})),
  useSyncExternalStore: (_: unknown, snapshot: () => unknown) => snapshot(),
}))

const leaving: (() => void)[] = []
let asked: { readonly request: FramesRequest; readonly signal: AbortSignal; readonly answer: TransformStream }[]
let frames: typeof import('../../../src/renderer/viewer/frames.ts')

const meta: FrameMeta = {
  ...{ shape: [1, 2], show: 'image', units: 'signal', note: null, minimum: 0, maximum: 1, volumeMaximum: 1 },
  ...{ mask: '', acceleration: null, residual: null },
} as FrameMeta

const metrics = { ssim: 0.5, psnr: 20, nmse: 0.1, foreground: { ssim: 0.4, nmse: 0.2 } }

beforeEach(async () => {
  vi.resetModules()
  asked = []
  vi.stubGlobal('fetch', async (_: string, { body, signal }: { body: string; signal: AbortSignal }) => {
    const answer = new TransformStream<Uint8Array, Uint8Array>()
    asked.push({ request: JSON.parse(body), signal, answer })
    signal.addEventListener('abort', () => void answer.writable.abort(signal.reason).catch(() => {}))
    return new Response(answer.readable)
  })
  frames = await import('../../../src/renderer/viewer/frames.ts')
})

afterEach(() => {
  leaving.splice(0)
  vi.unstubAllGlobals()
})

const settled = (ms = 5) => new Promise(resolve => setTimeout(resolve, ms))

/** After a classical image is wanted for as long as it takes to be asked for. */
const rested = () => settled(220)

/** Sends a part as the host does, in pieces of arbitrary size. */
async function send(request: number, part: FramesPart, pixels: readonly number[] = []): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify(part))
  const image = new Uint8Array(Float32Array.from(pixels).buffer)
  const bytes = Buffer.concat([new Uint8Array(Uint32Array.of(text.length, image.length).buffer), text, image])
  const writer = asked[request].answer.writable.getWriter()
  for (const piece of [bytes.subarray(0, 5), bytes.subarray(5, 40), bytes.subarray(40)]) void writer.write(piece)
  writer.releaseLock()
  await settled()
}

const now = (url: string) => {
  const state = frames.useFrame(url)
  leaving.pop()!()
  return state
}

describe('the panes’ images', () => {
  it('are requested together, each once, and arrive one after another', async () => {
    for (const url of ['/a', '/b', '/a']) frames.useFrame(url)
    await settled()
    expect(asked.map(({ request }) => request)).toEqual([{ frames: ['/a', '/b'], metrics: [] }])
    await send(0, { path: '/b', meta }, [3, 4])
    expect(now('/a')).toMatchObject({ frame: null, error: null })
    expect(now('/b').frame).toMatchObject({ url: '/b', image: Float32Array.of(3, 4) })
    expect(frames.useMetrics('/b')).toBeUndefined()
    await send(0, { path: '/b', metrics })
    expect(frames.useMetrics('/b')).toEqual(metrics)
    await send(0, { path: '/a', error: { code: 'FILE_UNREADABLE', message: 'truncated' } })
    expect(now('/a')).toMatchObject({ frame: null, error: { code: 'FILE_UNREADABLE', message: 'truncated' } })
    expect(asked).toHaveLength(1)
  })

  it('are cancelled if no pane needs any image of their request', async () => {
    for (const url of ['/a', '/b']) frames.useFrame(url)
    await settled()
    leaving[0]()
    await settled()
    expect(asked[0].signal.aborted).toBe(false)
    leaving[1]()
    frames.useFrame('/c')
    await settled()
    expect(asked[0].signal.aborted).toBe(true)
    expect(asked[1].request.frames).toEqual(['/c'])
    frames.useFrame('/a')
    await settled()
    expect(asked[2].request.frames).toEqual(['/a'])
  })

  it('are taken from a request that was made in advance', async () => {
    const moving = new AbortController()
    void frames.fetchAhead([['/next'], ['/after']], moving.signal)
    await settled()
    moving.abort()
    frames.useFrame('/next')
    await settled()
    expect(asked).toHaveLength(1)
    expect(asked[0].signal.aborted).toBe(false)
  })

  it('without metrics are followed by a request for the metrics alone', async () => {
    frames.useFrame('/a')
    await settled()
    await send(0, { path: '/a', meta }, [1, 2])
    leaving.pop()!()
    void asked[0].answer.writable.close()
    await settled()
    frames.useFrame('/a')
    await settled()
    expect(asked[1].request).toEqual({ frames: [], metrics: ['/a'] })
  })

  it('fail together if the answer is aborted, and are requested again', async () => {
    for (const url of ['/a', '/b']) frames.useFrame(url)
    await settled()
    await send(0, { path: '/a', meta: { ...meta, metrics: null } }, [1, 2])
    void asked[0].answer.writable.close()
    await settled()
    expect(now('/a').error).toBeNull()
    const { error, retry } = now('/b')
    expect(error).toMatchObject({ code: 'UNREACHABLE' })
    retry()
    await settled()
    expect(asked[1].request).toEqual({ frames: ['/b'], metrics: [] })
  })
})

describe('classical images', () => {
  const [first, second, third] = ['sense', 'cg-sense', 'l1-wavelet:2'].map(
    source => `/frames/1/0/${source}?kind=random`,
  )
  const stateOf = (url: string) => ({ ...now(url), progress: frames.useProgress(url) })

  it('have a request each, two at once, and other images do not wait for them', async () => {
    for (const url of [first, '/a', second, third, '/b']) frames.useFrame(url)
    await rested()
    expect(asked.map(({ request }) => request.frames)).toEqual([['/a', '/b'], [first], [second]])
    await send(1, { path: first, meta: { ...meta, metrics } }, [1, 2])
    void asked[1].answer.writable.close()
    await settled()
    expect(asked[3].request.frames).toEqual([third])
  })

  it('are not asked for where the user passes to another slice', async () => {
    frames.useFrame(first)
    await settled(60)
    expect(asked).toEqual([])
    leaving.pop()!()
    frames.useFrame(second)
    await rested()
    expect(asked.map(({ request }) => request.frames)).toEqual([[second]])
  })

  it('whose connection breaks before their metrics are not asked for again until they are wanted anew', async () => {
    frames.useFrame(first)
    await rested()
    await send(0, { path: first, meta }, [1, 2])
    void asked[0].answer.writable.abort(new Error('broken'))
    await rested()
    expect(asked).toHaveLength(1)
    expect(now(first)).toMatchObject({ frame: { url: first }, error: null })
    expect(frames.useMetrics(first)).toBeNull()
    leaving.pop()!()
    frames.useFrame(first)
    await rested()
    expect(asked[1].request).toEqual({ frames: [], metrics: [first] })
  })

  it('have progress until they come', async () => {
    frames.useFrame(second)
    await rested()
    expect(stateOf(second).progress).toBeNull()
    await send(0, { path: second, progress: { done: 0, total: 30 } })
    expect(stateOf(second)).toMatchObject({ frame: null, error: null, progress: { done: 0, total: 30, from: null } })
    await send(0, { path: second, progress: { done: 4, total: 30 } })
    await send(0, { path: second, progress: { done: 9, total: 30 } })
    expect(stateOf(second).progress).toMatchObject({ done: 9, from: { done: 4 } })
    await send(0, { path: second, meta }, [1, 2])
    expect(stateOf(second)).toMatchObject({ frame: { url: second }, progress: null })
  })

  it('are stopped alone, and computed again if the user wants it', async () => {
    for (const url of [first, second, '/a']) frames.useFrame(url)
    await rested()
    await send(1, { path: first, progress: { done: 4, total: 30 } })
    frames.stop(first)
    await settled()
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([false, true, false])
    const { error, retry } = now(first)
    expect([error, frames.useProgress(first)]).toEqual([frames.STOPPED, null])
    expect(asked).toHaveLength(3)
    retry()
    await settled()
    expect(asked[3].request.frames).toEqual([first])
    expect(now(first).error).toBeNull()
  })

  it('are cancelled if no pane needs them, and the next slice begins', async () => {
    for (const url of [first, second]) frames.useFrame(url)
    await rested()
    for (const leave of leaving.splice(0)) leave()
    frames.useFrame(third)
    await rested()
    expect(asked.slice(0, 2).every(({ signal }) => signal.aborted)).toBe(true)
    expect(asked[2].request.frames).toEqual([third])
  })
})
