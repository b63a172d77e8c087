/** Responses with images. The body is raw, little-endian and row-major. The header `x-frame` holds the rest as JSON. */
import { readFile } from 'node:fs/promises'
import { AppError } from '../../contract/errors.ts'
import { MaskSeed, MaskSpec } from '../../contract/evaluation.ts'
import { FRAME_HEADER, FrameSource, type FramesPart, FramesRequest, SHOWS } from '../../contract/images.ts'
import type { RunEvent } from '../../contract/runs.ts'
import type { OnProgress } from '../profile/kept-results.ts'
import { runFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import type { Frames, ShownSlice } from '../viewing/frames.ts'
import { describeFault } from './faults.ts'

/** JSON with escapes for all characters outside ASCII, because a header may hold only ASCII. */
const asciiJson = (value: unknown) =>
  JSON.stringify(value).replace(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

function image(pixels: Float32Array | Uint8Array, meta: unknown): Response {
  return new Response(pixels as Uint8Array<ArrayBuffer>, {
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      [FRAME_HEADER]: asciiJson(meta),
    },
  })
}

function number(text: string | undefined, what: string): number {
  if (text && /^\d{1,15}$/.test(text)) return Number(text)
  throw new AppError('INVALID_ARGUMENT', `Expected ${what}, got ${text}`)
}

/** `8/0.04` */
function pairFrom(text: string): { acceleration: number; centerFraction: number } {
  const [acceleration, centerFraction] = text.split('/').map(Number)
  return { acceleration, centerFraction }
}

function maskFrom(query: URLSearchParams): MaskSpec {
  const parsed = MaskSpec.safeParse({
    kind: query.get('kind') ?? undefined,
    acceleration: query.has('acceleration') ? Number(query.get('acceleration')) : undefined,
    centerFraction: query.has('center') ? Number(query.get('center')) : undefined,
    ...(query.has('pairs') && { alternatives: query.get('pairs')!.split(',').map(pairFrom) }),
    ...(query.has('file') && { file: { path: query.get('file'), sha256: query.get('sha256') } }),
  })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new AppError('INVALID_ARGUMENT', `Expected a mask, got ${faults}`)
}

function seedFrom(query: URLSearchParams): number | null {
  const text = query.get('seed')
  const parsed = MaskSeed.safeParse(text === null ? null : /^\d+$/.test(text) ? Number(text) : text)
  if (parsed.success) return parsed.data
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a mask’s seed from 0 to ${2 ** 32 - 1}, got ${text}. ` +
      'Omit the seed to use the file’s name as the seed.',
  )
}

function showFrom(query: URLSearchParams): (typeof SHOWS)[number] {
  const text = query.get('show') ?? 'image'
  const show = SHOWS.find(one => one === text)
  if (show) return show
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected to show one of ${SHOWS.join(', ')}, got ${text}. Choose one of these.`,
  )
}

/**
 * Parses `VOLUME/SLICE/SOURCE` and `kind=…&acceleration=…&center=…`, with `pairs` or `file` as in `framePath`.
 * The query may have `show`, `seed`, `layer`, `channel`, `cascade` and `coil`.
 */
function shownFrom([volume, slice, source]: readonly string[], query: URLSearchParams): ShownSlice {
  if (!FrameSource.safeParse(source).success)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected zero-filled, truth, run:NUMBER or a method such as cg-sense, got ${source}`,
    )
  return {
    volume: number(volume, 'a volume’s number'),
    slice: number(slice, 'a slice’s number'),
    source,
    mask: maskFrom(query),
    show: showFrom(query),
    seed: seedFrom(query),
    layer: query.get('layer') ?? '',
    channel: number(query.get('channel') ?? '0', 'a channel’s number'),
    cascade: query.has('cascade') ? number(query.get('cascade')!, 'a cascade’s number') : null,
    coil: query.has('coil') ? number(query.get('coil')!, 'a coil’s number') : null,
  }
}

/** `/frames/VOLUME/SLICE/SOURCE?…`: one image with its metrics. */
export async function frameResponse(frames: Frames, parts: readonly string[], url: URL, signal: AbortSignal) {
  const { image: pixels, meta } = await frames.frame(shownFrom(parts, url.searchParams), signal)
  return image(pixels, meta)
}

function shownAt(path: string): ShownSlice {
  const { pathname, searchParams } = new URL(path, 'http://localhost')
  return shownFrom(pathname.split('/').slice(2), searchParams)
}

/** The bytes of a part before its pixels. See `FramesPart`. */
function headOf(part: FramesPart, pixelBytes: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(part))
  const head = new Uint8Array(8 + text.length)
  const lengths = new DataView(head.buffer)
  lengths.setUint32(0, text.length, true)
  lengths.setUint32(4, pixelBytes, true)
  head.set(text, 8)
  return head
}

/** Images of networks go last, because they take ten times as long as other images. */
const goesLast = (path: string) => path.includes('/run:')

/** The shortest interval between two parts with the progress of an image. */
const PROGRESS_MS = 100

/** Sends progress, but not the last progress, which the image follows, and not more than one part per interval. */
function sendingProgress(path: string, send: (part: FramesPart) => void): OnProgress {
  let sentAt = Number.NEGATIVE_INFINITY
  return ({ done, total }) => {
    const now = performance.now()
    if (done === total || now - sentAt < PROGRESS_MS) return
    sentAt = now
    send({ path, progress: { done, total } })
  }
}

/** Sends a part for every requested image and metric, as soon as the part is ready. */
async function sendFrames(
  frames: Frames,
  asked: FramesRequest,
  send: (part: FramesPart, pixels?: Float32Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const each = (paths: readonly string[], answer: (path: string, shown: ShownSlice) => Promise<void>) =>
    Promise.all(
      paths.map(async path => {
        try {
          await answer(path, shownAt(path))
        } catch (error) {
          if (signal.aborted) return
          const { code, message } = describeFault(error)
          send({ path, error: { code, message } })
        }
      }),
    )
  const waiting = [...asked.metrics]
  await each(
    asked.frames.toSorted((a, b) => Number(goesLast(a)) - Number(goesLast(b))),
    async (path, shown) => {
      const { image: pixels, meta } = await frames.image(shown, signal, sendingProgress(path, send))
      if (meta.metrics === undefined) waiting.push(path)
      send({ path, meta }, pixels)
    },
  )
  await each(waiting, async (path, shown) => send({ path, metrics: await frames.metrics(shown, signal) }))
}

/** `POST /frames`: see `FramesPart`. */
export async function framesResponse(frames: Frames, request: Request): Promise<Response> {
  const { data: asked } = FramesRequest.safeParse(await request.json().catch(() => null))
  if (!asked) throw new AppError('INVALID_ARGUMENT', 'Expected paths of frames and of metrics')
  const leaving = new AbortController()
  const signal = AbortSignal.any([request.signal, leaving.signal])
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (part: FramesPart, pixels: Float32Array = new Float32Array()) => {
        if (signal.aborted) return
        controller.enqueue(headOf(part, pixels.byteLength))
        controller.enqueue(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength))
      }
      void sendFrames(frames, asked, send, signal).then(() => signal.aborted || controller.close())
    },
    cancel: () => leaving.abort(),
  })
  return new Response(body, { headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' } })
}

/**
 * `/features/VOLUME/SLICE/RUN/LAYER?kind=…&acceleration=…&center=…`: float32 [count, height, width].
 * The query may have a `seed`. Without it the file's name is the seed.
 */
export async function featuresResponse(frames: Frames, parts: readonly string[], url: URL, signal: AbortSignal) {
  const [volume, slice, run, layer = ''] = parts
  const request = {
    volume: number(volume, 'a volume’s number'),
    slice: number(slice, 'a slice’s number'),
    run: String(number(run, 'a run’s number')),
    layer,
    mask: maskFrom(url.searchParams),
    seed: seedFrom(url.searchParams),
  }
  const { maps, meta } = await frames.features(request, signal)
  return image(maps, meta)
}

/** `/thumbnails/VOLUME`: 8 bits per pixel. */
export async function thumbnailResponse(frames: Frames, [volume]: readonly string[], signal: AbortSignal) {
  const { pixels, shape } = await frames.thumbnail(number(volume, 'a volume’s number'), signal)
  return image(pixels, { shape })
}

/** `/previews/RUN/EPOCH`: reads the file that the run's log names. */
export async function previewResponse(profile: Profile, [run, epoch]: readonly string[]) {
  const row = profile.db
    .prepare(
      `SELECT event FROM events WHERE run_id = ? AND json_extract(event, '$.type') = 'preview'
        AND json_extract(event, '$.epoch') = ? ORDER BY seq DESC LIMIT 1`,
    )
    .pluck()
    .get(number(run, 'a run’s number'), number(epoch, 'an epoch’s number')) as string | undefined
  if (!row) throw new AppError('RUN_NOT_FOUND', `Expected an epoch with an image, got epoch ${epoch} of run ${run}`)
  const { path, shape, units, file, slice } = JSON.parse(row) as Extract<RunEvent, { type: 'preview' }>
  let bytes: Buffer
  try {
    bytes = await readFile(runFile(profile, path))
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected the run’s image, got: ${(cause as Error).message}`, cause)
  }
  return image(bytes, { shape, units, file, slice, epoch: Number(epoch) })
}
