/** Images for the panes: fetched once, kept by their URL within a limit, never shown for another slice than their own. */
import { useEffect, useState } from 'react'
import { FRAME_HEADER, FrameMeta } from '../../contract/images.ts'

export interface Frame {
  readonly url: string
  /** [h, w] row-major, in the units of `meta`. */
  readonly image: Float32Array
  readonly meta: FrameMeta
}

/** What a pane is told when its image cannot be had. */
export interface FrameError {
  readonly code: string
  readonly message: string
}

const LIMIT_BYTES = 256e6

const kept = new Map<string, Frame>() // in the order of last use
let keptBytes = 0
const underway = new Map<string, Promise<Frame>>()

function keep(frame: Frame): void {
  kept.set(frame.url, frame)
  keptBytes += frame.image.byteLength
  for (const [url, { image }] of kept) {
    if (keptBytes <= LIMIT_BYTES) return
    kept.delete(url)
    keptBytes -= image.byteLength
  }
}

/** Of what is kept; `null` where it is not. */
export function keptFrame(url: string): Frame | null {
  const frame = kept.get(url)
  if (!frame) return null
  kept.delete(url)
  kept.set(url, frame)
  return frame
}

export class FrameFailure extends Error implements FrameError {
  readonly code: string
  constructor({ code, message }: FrameError) {
    super(message)
    this.code = code
  }
}

/** What the host says in place of an image. */
export const failureOf = async (response: Response): Promise<FrameFailure> =>
  new FrameFailure(
    await response.json().catch(() => ({ code: 'INTERNAL', message: `The host answered ${response.status}` })),
  )

async function download(url: string): Promise<Frame> {
  const response = await fetch(url)
  if (!response.ok) throw await failureOf(response)
  const meta = FrameMeta.parse(JSON.parse(response.headers.get(FRAME_HEADER)!))
  return { url, image: new Float32Array(await response.arrayBuffer()), meta }
}

/** The image of a URL; concurrent callers share one request. Throws `FrameFailure`. */
export function loadFrame(url: string): Promise<Frame> {
  const there = keptFrame(url)
  if (there) return Promise.resolve(there)
  const running = underway.get(url)
  if (running) return running
  const request = download(url)
    .then(frame => {
      keep(frame)
      return frame
    })
    .finally(() => underway.delete(url))
  underway.set(url, request)
  return request
}

export interface FrameState {
  /** The frame of the URL asked for, once it is there. */
  readonly frame: Frame | null
  readonly error: FrameError | null
}

/** The frame of `url` (`null`: none is wanted). A frame that is kept is there at once. */
export function useFrame(url: string | null): FrameState & { retry(): void } {
  const [loaded, setLoaded] = useState<{ url: string; state: FrameState } | null>(null)
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (url === null) return
    let wanted = true
    loadFrame(url).then(
      frame => wanted && setLoaded({ url, state: { frame, error: null } }),
      error => {
        const failure = error instanceof FrameFailure ? error : { code: 'UNREACHABLE', message: String(error.message) }
        if (wanted) setLoaded({ url, state: { frame: null, error: failure } })
      },
    )
    return () => {
      wanted = false
    }
  }, [url, attempt])
  const retry = () => setAttempt(attempt + 1)
  if (url === null) return { frame: null, error: null, retry }
  if (loaded?.url === url) return { ...loaded.state, retry }
  return { frame: keptFrame(url), error: null, retry }
}

/** Fetches what will be wanted next, one after another; what fails then is asked for again when it is wanted. */
export async function fetchAhead(urls: readonly string[], signal: AbortSignal): Promise<void> {
  for (const url of urls) {
    if (signal.aborted) return
    await loadFrame(url).catch(() => {})
  }
}
