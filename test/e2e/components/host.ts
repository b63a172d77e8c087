/** A fake host that answers requests for the stories' volume: images, metrics, scores, a failure, or no answer. */
import type { Route } from '@playwright/test'
import { FRAMES_PATH, type FrameMeta, type FramesPart, FramesRequest } from '../../../src/contract/images.ts'
import { PROTOCOL } from '../../reproductions.ts'
import { LONG_RUN, PRETRAINED, phantom, SHAPE } from './stories/data.ts'

export interface Answers {
  /** `never`: the host does not answer. */
  readonly frames?: 'never' | NonNullable<FramesPart['error']>
  readonly score?: 'never'
}

/** Brightness of each source, so that all images differ. */
const GAIN: Readonly<Record<string, number>> = { truth: 1, 'zero-filled': 0.8, 'run:2': 0.9 }
const ARBITRARY = [PRETRAINED, LONG_RUN].map(({ id }) => `run:${id}`)

const METRICS = { ssim: 0.8765, psnr: 31.25, nmse: 0.0123, foreground: { ssim: 0.8012, psnr: 30.5, nmse: 0.0101 } }

function metaOf(source: string, query: URLSearchParams): FrameMeta {
  const show = (query.get('show') ?? 'image') as FrameMeta['show']
  const [coil, cascade] = [query.get('coil'), query.get('cascade')]
  const units = { ssim: 'ssim', 'k-space': 'log', residual: 'log', phase: 'radians', mask: 'share' } as const
  const arbitrary = ARBITRARY.includes(source)
  return {
    shape: [...SHAPE],
    show,
    units: show in units ? units[show as keyof typeof units] : arbitrary ? 'arbitrary' : 'signal',
    note:
      show === 'cascade'
        ? `After cascade ${cascade ?? 5} of 5.`
        : show === 'image' && !coil
          ? null
          : `What the ${show} of ${source} means, in one sentence. `.repeat(6).trim(),
    minimum: 0,
    maximum: 1,
    volumeMaximum: 1,
    metrics: source === 'truth' || arbitrary || show !== 'image' || coil ? null : METRICS,
    mask: source === 'truth' ? '' : '01'.repeat(SHAPE[1] / 2),
    acceleration: source === 'truth' ? null : 4,
    residual: show === 'residual' ? { value: 0.123, floor: 0.045 } : null,
    ...(show === 'cascade' && {
      cascades: { at: Number(cascade ?? 5), ssim: [0.612, 0.731, 0.79, 0.812, 0.83, 0.843] },
    }),
  }
}

function partOf(path: string, error: FramesPart['error']): Buffer {
  const { pathname, searchParams } = new URL(path, 'http://localhost')
  const [, , , slice, source] = pathname.split('/')
  const part: FramesPart = error ? { path, error } : { path, meta: metaOf(source, searchParams) }
  const head = Buffer.from(JSON.stringify(part))
  const pixels = error ? Buffer.alloc(0) : Buffer.from(phantom(Number(slice), GAIN[source] ?? 0.7).buffer)
  return Buffer.concat([Buffer.from(new Uint32Array([head.length, pixels.length]).buffer), head, pixels])
}

/** Answers a request of the window. @returns `false` if the fake host does not know the call */
export async function answer(route: Route, { frames, score }: Answers): Promise<boolean> {
  const request = route.request()
  const { pathname } = new URL(request.url())
  if (pathname === FRAMES_PATH) {
    if (frames === 'never') return true
    const asked = FramesRequest.parse(request.postDataJSON())
    const parts = asked.frames.map(path => partOf(path, frames))
    await route.fulfill({ body: Buffer.concat(parts), contentType: 'application/octet-stream' })
    return true
  }
  if (pathname === '/rpc/score') {
    if (score === 'never') return true
    const scored = { score: { ...METRICS, ssim: 0.8432, acceleration: 4, slices: 9 }, protocol: PROTOCOL }
    const event = { json: { type: 'done', result: scored } }
    const body = `event: message\ndata: ${JSON.stringify(event)}\n\nevent: done\n\n`
    await route.fulfill({ body, contentType: 'text/event-stream' })
    return true
  }
  return false
}
