/** A pane's image as it is to be drawn: its numbers, window and colours, or why there is none. */
import { useMemo, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { ColourMap } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { useView } from '../view.ts'
import { COLOURS, difference } from './drawing.ts'
import { type Frame, type FrameError, useFrame } from './frames.ts'
import { type PaneState, truthPath } from './sources.ts'
import type { Layer } from './stage.tsx'
import { coloursOf, windowSource } from './windows.ts'

export interface PaneLayer {
  readonly layer: Layer | null
  readonly frame: Frame | null
  /** The frame is of another slice or mask, on until the one asked for comes. */
  readonly held: boolean
  readonly colours: ColourMap
  readonly isError: boolean
  readonly error: FrameError | null
  readonly retry: () => void
}

/** Of the ground truth at a slice; `null` while it loads, or where there is none. */
export function useTruth(volume: StudyVolume | null, slice: number): Frame | null {
  return useFrame(volume?.targetShape ? truthPath(volume, slice) : null).frame
}

/** The frame asked for, or, while it is on its way, the last one of the same source and volume: nothing flashes and nothing lies. */
function useShown({ url, source, show }: PaneState, volume: StudyVolume) {
  const { frame, error, retry } = useFrame(url)
  const last = useRef<{ frame: Frame; key: string } | null>(null)
  const key = `${volume.id} ${source} ${show}`
  if (frame) last.current = { frame, key }
  const shown = frame ?? (last.current?.key === key && !error ? last.current.frame : null)
  return { shown, held: shown !== null && !frame, error, retry }
}

export function usePaneLayer(pane: PaneState, volume: StudyVolume): PaneLayer {
  const { shown, held, error, retry } = useShown(pane, volume)
  const view = useView(
    useShallow(({ link, errors, errorScale, signedErrors, colours }) => ({
      linked: link.window,
      errors,
      errorScale,
      signedErrors,
      colours,
    })),
  )
  const { source, show, slice } = pane
  const { signedErrors } = view
  const isError = (show === 'error' || (show === 'image' && view.errors)) && source !== 'truth'
  const truth = useTruth(isError ? volume : null, slice)
  const lastError = useRef<{ layer: Layer; key: string } | null>(null)
  const errors = useMemo((): Float32Array | null => {
    if (!isError || !shown || !truth || shown.meta.units !== 'signal') return null
    return shown.image.length === truth.image.length ? difference(shown.image, truth.image, signedErrors) : null
  }, [isError, shown, truth, signedErrors])

  const colours = coloursOf(isError ? 'error' : show, view.colours, signedErrors)
  const map = COLOURS[colours]
  const common = { frame: shown, held, colours, isError, error, retry }
  if (!shown || source === null) return { ...common, layer: null }
  const { shape, volumeMaximum } = shown.meta
  if (isError) {
    const key = `${volume.id} ${source} ${signedErrors} ${view.errorScale} ${colours}`
    if (!errors || held || volumeMaximum === null) {
      const last = lastError.current?.key === key ? lastError.current.layer : null
      return { ...common, layer: last, held: last !== null }
    }
    const high = volumeMaximum / view.errorScale
    const fitted = { low: signedErrors ? -high : 0, high }
    const layer = { values: errors, shape, map, window: { key: null, file: false, fitted } }
    lastError.current = { layer, key }
    return { ...common, layer }
  }
  const window = windowSource({ pane: pane.pane, source }, shown, { linked: view.linked, volume: volume.id })
  return { ...common, layer: { values: shown.image, shape, map, window } }
}
