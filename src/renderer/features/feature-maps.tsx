/** What a network's layers make of a slice: every channel as an image. A blank output may hide channels that show the anatomy. */
import { ActionIcon, Button, Checkbox, Modal, Select, Tooltip } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { FeatureMeta, FRAME_HEADER, featuresPath } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { isMeasuredSo } from '../../contract/volumes.ts'
import { maskInWords, maskSeedInWords } from '../../presentation/protocol.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import { client, errorText } from '../app/client.ts'
import { goToScreen } from '../app/navigation.ts'
import { closeFeatures, useFeatures } from '../app/open-features.ts'
import { useRuns, useStudies, useStudy } from '../app/queries.ts'
import { runLabel, signal } from '../format.ts'
import { SyntheticBadge } from '../viewer/badges.tsx'
import { putPixels } from '../viewer/canvas.ts'
import { GREY, paint } from '../viewer/drawing.ts'
import { failureOf } from '../viewer/frame-parts.ts'
import { versionOf } from '../viewer/versions.ts'
import { changePane, goToSlice, openVolume, useView } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import { useSize } from '../widgets/use-size.ts'
import style from './feature-maps.module.css'
import { fitGrid, split, windowOf } from './maps.ts'

export function FeatureMaps() {
  const open = useFeatures(state => state.run)
  const { data: runs } = useRuns()
  const run = runs?.find(({ id }) => id === open) ?? null
  const [enlarged, setEnlarged] = useState<number | null>(null)
  const close = () => {
    setEnlarged(null)
    closeFeatures()
  }
  return (
    <Modal
      opened={run !== null}
      onClose={close}
      // The first Escape leaves the enlarged map.
      closeOnEscape={enlarged === null}
      title={run && <Title run={run} />}
      size="min(1320px, 96vw)"
      classNames={{ content: style.content, body: style.body }}
    >
      {run && <Layers run={run} enlarged={enlarged} onEnlarge={setEnlarged} />}
    </Modal>
  )
}

/** The open volume; where none is open, the first test volume of the run's study. */
function useVolume(run: RunView): StudyVolume | null {
  const { data: studies } = useStudies()
  const chosen = useView(view => view.study)
  const volumeId = useView(view => view.volume)
  const { data: study } = useStudy(chosen ?? studies?.find(({ name }) => name === run.study)?.id ?? null)
  const volume = study?.volumes.find(({ id }) => id === volumeId) ?? null
  useEffect(() => {
    if (!study || volume) return
    const first = study.volumes.find(({ role }) => role === 'test') ?? study.volumes[0]
    if (first) openVolume(study.id, first)
  }, [study, volume])
  return volume
}

/** What the maps are of: they follow the mask that the panes have. */
function Title({ run }: { run: RunView }) {
  const volume = useVolume(run)
  const mask = useView(view => view.mask)
  const seed = useView(view => view.seed)
  return (
    <>
      Feature maps of run {run.id}, {runLabel(run)}
      {volume && (
        <span className={style.mask}>
          {isMeasuredSo(volume.sampling)
            ? 'under the file’s own mask'
            : `${maskInWords(mask)}, ${maskSeedInWords(seed)}`}
        </span>
      )}
    </>
  )
}

interface Props {
  readonly run: RunView
  readonly enlarged: number | null
  readonly onEnlarge: (map: number | null) => void
}

function Layers({ run, enlarged, onEnlarge }: Props) {
  const volume = useVolume(run)
  const slice = useView(view => view.slice)
  const { layer: last, shared } = useFeatures()
  const layers = useQuery({
    queryKey: ['layers', run.id],
    queryFn: () => client.runs.layers({ run: run.id }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const names = layers.data ?? []
  const layer = last !== null && names.includes(last) ? last : (names.at(-1) ?? null)
  const place = layer === null ? 0 : names.indexOf(layer)
  const go = (by: number) => {
    const next = names[place + by]
    if (next !== undefined) useFeatures.setState({ layer: next })
  }
  useLayerKeys(go, volume?.slices ?? 1, enlarged !== null ? () => onEnlarge(null) : null)
  const maps = useMaps(run, volume, slice, layer)
  const error = layers.error ?? maps.error
  const retry = () => (layers.error ? layers.refetch() : maps.refetch())
  const { data } = maps
  return (
    <>
      <div className={style.bar}>
        <ActionIcon aria-label="Layer before" disabled={place === 0} onClick={() => go(-1)}>
          <IconChevronLeft size={16} />
        </ActionIcon>
        <Select
          aria-label="Layer"
          className={style.layer}
          data={names}
          value={layer}
          onChange={value => useFeatures.setState({ layer: value })}
          allowDeselect={false}
          maxDropdownHeight={360}
        />
        <ActionIcon aria-label="Layer after" disabled={place >= names.length - 1} onClick={() => go(1)}>
          <IconChevronRight size={16} />
        </ActionIcon>
        <span className={style.fact}>
          {names.length > 0 && `layer ${place + 1} of ${names.length}`}
          {data &&
            ` · ${data.meta.count < data.meta.channels ? `the first ${data.meta.count} of ${data.meta.channels}` : data.meta.channels} ${data.meta.channels === 1 ? 'channel' : 'channels'}, ${data.meta.shape.join(' × ')}`}
        </span>
        <span className={style.spacer} />
        {volume?.synthetic && <SyntheticBadge />}
        {volume && (
          <>
            <span className={style.where} title={volume.file}>
              <FileName name={volume.file} />
            </span>
            <output className={style.slice} aria-label="Slice of the feature maps">
              slice {slice + 1} / {volume.slices}
            </output>
          </>
        )}
        <Tooltip label="One grey window for all maps of the layer, so that they can be compared; else each has its own.">
          <Checkbox
            label="one window"
            checked={shared}
            onChange={event => useFeatures.setState({ shared: event.currentTarget.checked })}
          />
        </Tooltip>
        {enlarged !== null && layer !== null && (
          <Button
            onClick={() => {
              onEnlarge(null)
              showInPane(run, layer, enlarged)
            }}
          >
            Show in the pane
          </Button>
        )}
        {enlarged !== null && <Button onClick={() => onEnlarge(null)}>All channels</Button>}
      </div>
      {error ? (
        <div className={style.message} role="alert">
          <p className="selectable">{errorText(error)}</p>
          <Button onClick={retry}>Try again</Button>
        </div>
      ) : (
        <Maps
          values={data?.values ?? null}
          meta={data?.meta ?? null}
          held={maps.isPlaceholderData}
          {...{ shared, enlarged, onEnlarge }}
          slices={volume?.slices ?? 1}
        />
      )}
    </>
  )
}

/** Beside the images, in the pane in focus. */
function showInPane(run: RunView, layer: string, channel: number): void {
  changePane(useView.getState().focus, { source: `run:${run.id}`, show: 'feature', layer, channel })
  closeFeatures()
  goToScreen('compare')
}

async function download(url: string, signal: AbortSignal) {
  const response = await fetch(url, { signal })
  if (!response.ok) throw await failureOf(response)
  const meta = FeatureMeta.parse(JSON.parse(response.headers.get(FRAME_HEADER)!))
  return { meta, values: new Float32Array(await response.arrayBuffer()) }
}

function useMaps(run: RunView, volume: StudyVolume | null, slice: number, layer: string | null) {
  const mask = useView(view => view.mask)
  const seed = useView(view => view.seed)
  const url = volume && layer !== null ? featuresPath(volume.id, slice, run.id, layer, mask, seed) : null
  return useQuery({
    queryKey: ['features', url, volume && versionOf(volume, run)],
    queryFn: ({ signal }) => download(url!, signal),
    enabled: url !== null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000, // tens of megabytes each
    retry: false,
  })
}

/** Left and right through layers, up and down through slices, Escape out of the enlarged map. */
function useLayerKeys(go: (by: number) => void, slices: number, leave: (() => void) | null): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const list =
        event.target instanceof Element && event.target.closest('[aria-haspopup="listbox"], [role="listbox"]')
      const step = (by: number) => goToSlice(useView.getState().slice + by, slices)
      if (event.key === 'ArrowLeft') go(-1)
      else if (event.key === 'ArrowRight') go(1)
      else if (event.key === 'ArrowUp' && !list) step(-1)
      else if (event.key === 'ArrowDown' && !list) step(1)
      else if (event.key === 'Escape' && leave && !list) leave()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}

const GAP = 6
const CAPTION = 16

interface MapsProps {
  readonly values: Float32Array | null
  readonly meta: FeatureMeta | null
  /** Of the layer or slice before, until the next is there. */
  readonly held: boolean
  readonly shared: boolean
  readonly enlarged: number | null
  readonly onEnlarge: (map: number | null) => void
  readonly slices: number
}

function Maps({ values, meta, held, shared, enlarged, onEnlarge, slices }: MapsProps) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const size = useSize(element)
  const maps = useMemo(() => (values && meta ? split(values, meta.count) : []), [values, meta])
  const own = useMemo(() => maps.map(windowOf), [maps])
  const all = useMemo(() => (values ? windowOf(values) : null), [values])
  useEffect(() => {
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      goToSlice(useView.getState().slice + Math.sign(event.deltaY), slices)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [element, slices])
  const shown = enlarged !== null && enlarged < maps.length ? [enlarged] : maps.map((_, i) => i)
  const grid = meta && size.width > 0 ? fitGrid(shown.length, size, meta.shape, GAP, CAPTION) : null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the focus, so that the arrow keys work at once
    <div ref={setElement} className={style.maps} tabIndex={0} data-autofocus data-held={held || undefined}>
      {grid && meta ? (
        <div className={style.grid} style={{ gridTemplateColumns: `repeat(${grid.columns}, ${grid.width}px)` }}>
          {shown.map(index => (
            <FeatureMap
              key={index}
              channel={index + 1}
              values={maps[index]}
              shape={meta.shape}
              size={grid}
              own={own[index]}
              window={shared ? all : own[index]}
              onClick={() => onEnlarge(enlarged === null ? index : null)}
              large={shown.length === 1}
            />
          ))}
        </div>
      ) : (
        <div className={style.skeleton} role="status" aria-label="Loading" />
      )}
    </div>
  )
}

function FeatureMap(props: {
  channel: number
  values: Float32Array
  shape: readonly [number, number]
  size: { readonly width: number; readonly height: number }
  own: GreyWindow | null
  window: GreyWindow | null
  large: boolean
  onClick: () => void
}) {
  const { channel, values, shape, size, own, window, large, onClick } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  // Where several values share a pixel, none is left out.
  const imageRendering = size.width < shape[1] ? 'auto' : undefined
  useLayoutEffect(() => {
    // A blank map is black, whatever its value is.
    const through = window ?? { low: values[0], high: values[0] + 1 }
    putPixels(canvas.current!, shape, pixels => paint(values, through, GREY, pixels))
  }, [values, shape, window])
  return (
    <button type="button" className={style.map} onClick={onClick} aria-label={`Channel ${channel}`}>
      <canvas
        ref={canvas}
        className={style.canvas}
        style={{ width: size.width, height: size.height, imageRendering }}
      />
      <span className={style.caption}>
        {channel}
        {own === null ? ' · blank' : large && window ? ` · ${signal(window.low)} to ${signal(window.high)}` : ''}
      </span>
    </button>
  )
}
