/** Images as bytes: the body is raw, little-endian and row-major, the header `x-frame` says the rest. */
import { readFile } from 'node:fs/promises'
import { AppError } from '../../contract/errors.ts'
import { MaskSeed, MaskSpec } from '../../contract/evaluation.ts'
import { FRAME_HEADER, FrameSource, SHOWS } from '../../contract/images.ts'
import type { RunEvent } from '../../contract/runs.ts'
import type { Services } from '../context.ts'
import type { Frames } from '../frames.ts'

/** A header holds nothing else. */
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

function maskFrom(query: URLSearchParams): MaskSpec {
  const parsed = MaskSpec.safeParse({
    kind: query.get('kind') ?? undefined,
    acceleration: query.has('acceleration') ? Number(query.get('acceleration')) : undefined,
    centerFraction: query.has('center') ? Number(query.get('center')) : undefined,
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
    `Expected a mask’s seed from 0 to ${2 ** 32 - 1}, got ${text}. Leave it out for the mask that the file’s name seeds.`,
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

/** `/frames/VOLUME/SLICE/SOURCE?kind=…&acceleration=…&center=…`, with `show`, `seed`, `layer` and `channel` where they are not as by default. */
export async function frameResponse(frames: Frames, parts: readonly string[], url: URL, signal: AbortSignal) {
  const [volume, slice, source] = parts
  const query = url.searchParams
  if (!FrameSource.safeParse(source).success)
    throw new AppError('INVALID_ARGUMENT', `Expected zero-filled, truth or run:NUMBER, got ${source}`)
  const request = {
    volume: number(volume, 'a volume’s number'),
    slice: number(slice, 'a slice’s number'),
    source,
    mask: maskFrom(query),
    show: showFrom(query),
    seed: seedFrom(query),
    layer: query.get('layer') ?? '',
    channel: number(query.get('channel') ?? '0', 'a channel’s number'),
  }
  const { image: pixels, meta } = await frames.frame(request, signal)
  return image(pixels, meta)
}

/** `/features/VOLUME/SLICE/RUN/LAYER?kind=…&acceleration=…&center=…`: float32 [count, height, width]. */
export async function featuresResponse(frames: Frames, parts: readonly string[], url: URL, signal: AbortSignal) {
  const [volume, slice, run, layer = ''] = parts
  const request = {
    volume: number(volume, 'a volume’s number'),
    slice: number(slice, 'a slice’s number'),
    run: String(number(run, 'a run’s number')),
    layer,
    mask: maskFrom(url.searchParams),
  }
  const { maps, meta } = await frames.features(request, signal)
  return image(maps, meta)
}

/** `/thumbnails/VOLUME`: 8 bits a pixel. */
export async function thumbnailResponse(frames: Frames, [volume]: readonly string[], signal: AbortSignal) {
  const { pixels, shape } = await frames.thumbnail(number(volume, 'a volume’s number'), signal)
  return image(pixels, { shape })
}

/** `/previews/RUN/EPOCH`: the file that the run's log names. */
export async function previewResponse({ db }: Services, [run, epoch]: readonly string[]) {
  const row = db
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
    bytes = await readFile(path)
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `Expected the run’s image, got: ${(cause as Error).message}`, cause)
  }
  return image(bytes, { shape, units, file, slice, epoch: Number(epoch) })
}
