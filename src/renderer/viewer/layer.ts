/** A pane's image as it is to be drawn: its numbers, window and colours, or why there is none. */
import { useMemo, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { ColourMap } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { COLOURS, difference } from './drawing.ts'
import { type Frame, type FrameError, useFrame } from './frames.ts'
import { coilCautions } from './network-cautions.ts'
import type { Layer } from './painting.ts'
import { inputPath, type PaneState, truthPath, usePlace } from './sources.ts'
import { useView } from './view.ts'
import { coloursOf, fileWindow, fitFileWindow, windowSource } from './windows.ts'

export interface PaneLayer {
  readonly slice: number
  /** Of the requested frame. */
  readonly url: string | null
  readonly layer: Layer | null
  readonly frame: Frame | null
  /** The frame is of the previous slice or mask. It stays until the requested frame is loaded. */
  readonly held: boolean
  /** What may spoil the image of the frame. */
  readonly cautions: readonly string[]
  readonly colours: ColourMap
  readonly isError: boolean
  readonly error: FrameError | null
  readonly retry: () => void
}

/** Whether the frame that is shown is another than the requested frame, or none is there yet. */
export const isWaiting = ({ url, frame }: Pick<PaneLayer, 'url' | 'frame'>): boolean =>
  url !== null && frame?.url !== url

const UNLIKE: FrameError = {
  code: 'INVALID_ARGUMENT',
  message: 'The image and the ground truth have different numbers of pixels, so that there is no error to show.',
}

/** Of the ground truth at a slice; `null` while it loads, or where there is none. */
export function useTruth(volume: StudyVolume | null, slice: number): Frame | null {
  return useFrame(volume?.targetShape ? truthPath(volume, slice) : null).frame
}

/** Fits the window that a volume's panes share: to the ground truth, or to the input if there is none. */
function useFileWindow(volume: StudyVolume): void {
  // Once the window is fitted no image is requested.
  const url = useView(({ slice, mask, seed }) => {
    if (fileWindow(volume)) return null
    return volume.targetShape ? truthPath(volume, slice) : inputPath(volume, slice, { mask, seed })
  })
  const { frame } = useFrame(url)
  if (frame) fitFileWindow(volume, frame)
}

/** The requested frame. While it loads, the last frame of the same source and volume stays, marked as held. */
function useShown({ source, show }: PaneState, volume: StudyVolume, url: string | null) {
  const { frame, error, retry } = useFrame(url)
  const last = useRef<{ frame: Frame; key: string } | null>(null)
  const key = `${volume.id} ${source} ${show}`
  if (frame) last.current = { frame, key }
  const shown = frame ?? (last.current?.key === key && !error ? last.current.frame : null)
  return { shown, held: shown !== null && !frame, error, retry }
}

export function usePaneLayer(pane: PaneState, volume: StudyVolume): PaneLayer {
  const { slice, url } = usePlace(pane, volume)
  const { shown, held, error: failure, retry: retryImage } = useShown(pane, volume, url)
  useFileWindow(volume)
  const view = useView(
    useShallow(({ link, errors, errorScale, signedErrors, colours }) => ({
      linked: link.window,
      errors,
      errorScale,
      signedErrors,
      colours,
    })),
  )
  const { source, show, coil = null } = pane
  const { signedErrors } = view
  const hasError = (show === 'image' && coil === null) || show === 'cascade'
  const isError = (show === 'error' || (hasError && view.errors)) && source !== 'truth'
  const truth = useFrame(isError && volume.targetShape ? truthPath(volume, slice) : null)
  const lastError = useRef<{ layer: Layer; key: string } | null>(null)
  const image = shown?.meta.units === 'signal' ? shown.image : null
  const reference = truth.frame?.image
  const isUnlike = image !== null && reference !== undefined && image.length !== reference.length
  const error = failure ?? truth.error ?? (isUnlike ? UNLIKE : null)
  const retry = failure ? retryImage : truth.retry
  const errors = useMemo((): Float32Array | null => {
    if (!isError || held || isUnlike || !image || !reference) return null
    return difference(image, reference, signedErrors)
  }, [isError, held, isUnlike, image, reference, signedErrors])

  const colours = coloursOf(isError ? 'error' : show, view.colours, signedErrors)
  const map = COLOURS[colours]
  const file = fileWindow(volume)
  const { linked, errorScale } = view
  const layer = useMemo((): Layer | null => {
    if (!shown || source === null) return null
    const { shape, volumeMaximum } = shown.meta
    if (!isError) {
      const window = windowSource({ pane: pane.pane, source }, shown, { linked, file })
      const { image: values, second, meta } = shown
      return {
        ...{ values, shape, map, window, tiles: meta.tiles },
        ...(second && meta.second && { second: { kind: meta.second, values: second } }),
      }
    }
    if (!errors || volumeMaximum === null) return null
    const high = volumeMaximum / errorScale
    const fitted = { low: signedErrors ? -high : 0, high }
    return { values: errors, shape, map, window: { key: null, file: false, fitted } }
  }, [shown, source, isError, errors, map, linked, file, pane.pane, errorScale, signedErrors])
  const cautions = shown ? [...coilCautions(pane.run, volume), ...(shown.meta.cautions ?? [])] : []
  const common = { slice, url, frame: shown, cautions, colours, isError, error, retry }
  if (!isError) return { ...common, layer, held }
  // An error needs two frames of one slice: the last one stays until both are there.
  const key = `${volume.id} ${source} ${signedErrors} ${errorScale} ${colours}`
  if (layer && !held) {
    lastError.current = { layer, key }
    return { ...common, layer, held }
  }
  const last = lastError.current?.key === key ? lastError.current.layer : null
  return { ...common, layer: last, held: last !== null }
}
