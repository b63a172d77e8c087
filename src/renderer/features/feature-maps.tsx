/** Feature maps: every channel of a layer as an image. A blank output may hide channels that show the anatomy. */
import { ActionIcon, Button, Checkbox, Modal, Select, Tooltip } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { FeatureMeta } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { isMeasuredSo } from '../../contract/volumes.ts'
import { count } from '../../presentation/numbers.ts'
import { maskSeedInWords, seededMaskInWords } from '../../presentation/protocol.ts'
import { client, errorText } from '../app/client.ts'
import { runLabel } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { closeFeatures, useFeatures } from '../app/open-features.ts'
import { useRuns } from '../app/queries.ts'
import { OriginBadge } from '../viewer/badges.tsx'
import { changePane, useView } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import style from './feature-maps.module.css'
import { useLayerKeys, useMaps, useVolume } from './layers.ts'
import { Maps } from './map-grid.tsx'

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
          {isMeasuredSo(volume.sampling) ? 'under the file’s own mask' : seededMaskInWords(mask, maskSeedInWords(seed))}
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
      <LayerBar {...{ run, names, layer, go, shared, volume, slice, enlarged, onEnlarge }} meta={data?.meta ?? null} />
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

interface BarProps extends Props {
  readonly names: readonly string[]
  /** The shown layer; `null`: none is known yet. */
  readonly layer: string | null
  readonly go: (by: number) => void
  readonly shared: boolean
  readonly volume: StudyVolume | null
  readonly slice: number
  readonly meta: FeatureMeta | null
}

function LayerBar({ run, names, layer, go, shared, volume, slice, meta, enlarged, onEnlarge }: BarProps) {
  const place = layer === null ? 0 : names.indexOf(layer)
  return (
    <div className={style.bar}>
      <ActionIcon aria-label="Previous layer" disabled={place === 0} onClick={() => go(-1)}>
        <IconChevronLeft size={16} />
      </ActionIcon>
      <Select
        aria-label="Layer"
        className={style.layer}
        data={[...names]}
        value={layer}
        onChange={value => useFeatures.setState({ layer: value })}
        allowDeselect={false}
        maxDropdownHeight={360}
      />
      <ActionIcon aria-label="Next layer" disabled={place >= names.length - 1} onClick={() => go(1)}>
        <IconChevronRight size={16} />
      </ActionIcon>
      <span className={style.fact}>
        {names.length > 0 && `layer ${place + 1} of ${names.length}`}
        {meta && ` · ${channelsInWords(meta)}`}
      </span>
      <span className={style.spacer} />
      {volume && <OriginBadge origin={volume.origin} />}
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
      <Tooltip
        label={
          'All maps of the layer share one grey window, so that they can be compared. Otherwise each map has ' +
          'its own window.'
        }
      >
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
          Show in pane
        </Button>
      )}
      {enlarged !== null && <Button onClick={() => onEnlarge(null)}>Show all channels</Button>}
    </div>
  )
}

/** 'the first 64 of 128 channels, 320 × 320' */
function channelsInWords({ count: shown, channels, shape }: FeatureMeta): string {
  const first = shown < channels ? `the first ${shown} of ` : ''
  return `${first}${count(channels, 'channel')}, ${shape.join(' × ')}`
}

/** Beside the images, in the pane in focus. */
function showInPane(run: RunView, layer: string, channel: number): void {
  changePane(useView.getState().focus, { source: `run:${run.id}`, show: 'feature', layer, channel })
  closeFeatures()
  goToScreen('compare')
}
