/**
 * Images for the panes, by their URL: what is wanted at one moment is asked for in one request, each is fetched once
 * and kept within a limit, and none is ever shown for another slice than its own. What nobody wants any more is not
 * waited for. A classical image takes seconds, so that it has a request of its own, with progress and an end.
 */
import { useEffect, useSyncExternalStore } from 'react'
import { classicalSource } from '../../contract/classical.ts'
import { type FrameMeta, type SliceMetrics, sourceOfPath } from '../../contract/images.ts'
import { askForFrames, FrameFailure, type Part } from './frame-parts.ts'

export interface Frame {
  readonly url: string
  /** [h, w] row-major, in the units of `meta`. */
  readonly image: Float32Array
  /** The second number of each pixel, see `FrameMeta`. */
  readonly second?: Float32Array
  readonly meta: FrameMeta
}

const bytesOf = ({ image, second }: Frame) => image.byteLength + (second?.byteLength ?? 0)

/** What a pane is told when its image cannot be had. */
export interface FrameError {
  readonly code: string
  readonly message: string
}

/** Of an image that iterates. */
export interface FrameProgress {
  readonly done: number
  readonly total: number
  /** When the first iteration was heard of, and how many were done then: the pace is measured from there. */
  readonly from: { readonly at: number; readonly done: number } | null
  readonly at: number
}

export const STOPPED: FrameError = { code: 'CANCELLED', message: 'Stopped.' }

const LIMIT_BYTES = 256e6

/** Requests for classical images at once. A browser opens six connections to a host, and the others need some. */
const CLASSICAL_AT_ONCE = 2

/** A classical image is not computed for slices and masks that the user passes on the way to others. */
const STILL_MS = 200

const isClassical = (url: string): boolean => classicalSource(sourceOfPath(url)) !== null

const kept = new Map<string, Frame>() // in the order of last use
let keptBytes = 0
/** Of what is kept, once they are there; `null`: none fit. */
const metricsKept = new Map<string, SliceMetrics | null>()
const failed = new Map<string, FrameError>()
const progresses = new Map<string, FrameProgress>()
/** How many want each; they stay. */
const wanted = new Map<string, number>()
/** Classical images that are wanted for less than `STILL_MS`. */
const early = new Map<string, ReturnType<typeof setTimeout>>()
/** The requests that they will come with, images or metrics. */
const underway = new Map<string, Request>()
const listeners = new Set<() => void>()
let asking = false

interface Request {
  readonly cancellation: AbortController
  /** Images that have not come yet. */
  readonly missing: Set<string>
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const tell = () => {
  for (const listener of listeners) listener()
}

const found = (url: string | null): Frame | FrameError | null =>
  url === null ? null : (kept.get(url) ?? failed.get(url) ?? null)

function keep(frame: Frame): void {
  kept.set(frame.url, frame)
  if (frame.meta.metrics !== undefined) metricsKept.set(frame.url, frame.meta.metrics)
  keptBytes += bytesOf(frame)
  for (const [url, held] of kept) {
    if (keptBytes <= LIMIT_BYTES) return
    if (wanted.has(url)) continue
    kept.delete(url)
    metricsKept.delete(url)
    keptBytes -= bytesOf(held)
  }
}

/** Of what is kept; `null` where it is not. */
export const keptFrame = (url: string): Frame | null => kept.get(url) ?? null

/** Until the function that it gives is called. */
function want(url: string): () => void {
  if (!wanted.has(url) && isClassical(url)) startEarly(url)
  wanted.set(url, (wanted.get(url) ?? 0) + 1)
  const frame = kept.get(url)
  if (frame && kept.delete(url)) kept.set(url, frame)
  askSoon()
  return () => {
    const others = wanted.get(url)! - 1
    if (others > 0) wanted.set(url, others)
    else if (wanted.delete(url)) {
      failed.delete(url)
      clearTimeout(early.get(url))
      early.delete(url)
    }
    askSoon()
  }
}

function startEarly(url: string): void {
  const end = () => {
    early.delete(url)
    askSoon()
  }
  early.set(url, setTimeout(end, STILL_MS))
}

/** Once all that is drawn now has said what it wants. */
function askSoon(): void {
  if (asking) return
  asking = true
  queueMicrotask(() => {
    asking = false
    for (const { missing, cancellation } of new Set(underway.values()))
      if (missing.size > 0 && ![...missing].some(url => wanted.has(url))) cancellation.abort()
    const urls = [...wanted.keys()].filter(url => !underway.has(url) && !failed.has(url) && !metricsKept.has(url))
    const iterating = [...underway.keys()].filter(isClassical).length
    const next = urls
      .filter(url => isClassical(url) && !early.has(url))
      .slice(0, Math.max(0, CLASSICAL_AT_ONCE - iterating))
    for (const together of [urls.filter(url => !isClassical(url)), ...next.map(url => [url])])
      if (together.length > 0) void ask(together)
  })
}

async function ask(urls: readonly string[]): Promise<void> {
  const [frames, metrics] = [urls.filter(url => !kept.has(url)), urls.filter(url => kept.has(url))]
  const request: Request = { cancellation: new AbortController(), missing: new Set(frames) }
  const { signal } = request.cancellation
  for (const url of urls) underway.set(url, request)
  let failure: FrameError = { code: 'UNREACHABLE', message: 'The host’s answer broke off' }
  try {
    for await (const part of askForFrames({ frames, metrics }, signal)) {
      receive(part, request)
      tell()
    }
  } catch (error) {
    failure = error instanceof FrameFailure ? error : { code: 'UNREACHABLE', message: String((error as Error).message) }
  }
  for (const [url, { cancellation }] of underway) if (cancellation === request.cancellation) underway.delete(url)
  for (const url of urls) progresses.delete(url)
  // Images and metrics that did not come are not asked for again before the user, or the next use, wants them.
  const lost = (url: string) => wanted.has(url) && !failed.has(url) && !metricsKept.has(url)
  if (!signal.aborted) for (const url of urls.filter(lost)) failed.set(url, failure)
  tell()
  if (signal.aborted || urls.some(isClassical)) askSoon() // somebody may want it again by now, or waits for its turn
}

function frameOf(url: string, body: Float32Array, meta: FrameMeta): Frame {
  if (!meta.second) return { url, image: body, meta }
  const pixels = body.length / 2
  return { url, image: body.subarray(0, pixels), second: body.subarray(pixels), meta }
}

function advance(url: string, { done, total }: { readonly done: number; readonly total: number }): void {
  const at = performance.now()
  const from = progresses.get(url)?.from ?? (done > 0 ? { at, done } : null)
  progresses.set(url, { done, total, from, at })
}

function receive({ path: url, image, meta, metrics, progress, error }: Part, { missing }: Request): void {
  if (progress) {
    advance(url, progress)
    return
  }
  progresses.delete(url)
  if (missing.delete(url)) {
    if (meta) keep(frameOf(url, image, meta))
    else if (error) failed.set(url, error)
  } else if (kept.has(url)) metricsKept.set(url, metrics ?? null)
}

export interface FrameState {
  /** The frame of the URL asked for, once it is there. */
  readonly frame: Frame | null
  readonly error: FrameError | null
}

/** The frame of `url` (`null`: none is wanted). A frame that is kept is there at once. */
export function useFrame(url: string | null): FrameState & { retry(): void } {
  useEffect(() => (url === null ? undefined : want(url)), [url])
  const now = useSyncExternalStore(listen, () => found(url))
  const retry = () => {
    if (url !== null) failed.delete(url)
    askSoon()
    tell()
  }
  return now && 'image' in now ? { frame: now, error: null, retry } : { frame: null, error: now, retry }
}

/** Of an image that iterates; `null` before, and of others. */
export const useProgress = (url: string | null): FrameProgress | null =>
  useSyncExternalStore(listen, () => (url === null ? null : (progresses.get(url) ?? null)))

/** Ends the computation of a classical image. Its error is then `STOPPED`, until it is tried again. */
export function stop(url: string): void {
  failed.set(url, STOPPED)
  underway.get(url)?.cancellation.abort()
  tell()
}

/** Of the image at `url`; `undefined` while they are on their way, `null` where none will come. */
export const useMetrics = (url: string | null): SliceMetrics | null | undefined =>
  useSyncExternalStore(listen, () => (url === null || failed.has(url) ? null : metricsKept.get(url)))

/** Fetches what will be wanted next, one list after another; what fails then is asked for again when it is wanted. */
export async function fetchAhead(lists: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
  for (const urls of lists) {
    if (signal.aborted) return
    const leave = urls.map(want)
    await new Promise<void>(resolve => {
      const look = () => {
        if (!signal.aborted && !urls.every(found)) return
        listeners.delete(look)
        signal.removeEventListener('abort', look)
        resolve()
      }
      listeners.add(look)
      signal.addEventListener('abort', look)
      look()
    })
    for (const left of leave) left()
  }
}
