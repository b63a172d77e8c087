/** Above the panes: where we are, images or errors, the window, and what resets them. */
import { ActionIcon, Button, SegmentedControl, Select, Tooltip } from '@mantine/core'
import {
  IconArrowsMaximize,
  IconChevronDown,
  IconChevronUp,
  IconLayoutSidebar,
  IconLayoutSidebarRight,
} from '@tabler/icons-react'
import { useShallow } from 'zustand/react/shallow'
import { signal } from '../format.ts'
import { ERROR_SCALES, foldLeft, foldRight, goToSlice, resetView, useView } from '../view.ts'
import type { Comparison } from '../viewer/sources.ts'
import style from './compare.module.css'

export function Toolbar({ comparison: { study, volume } }: { comparison: Comparison }) {
  const { slice, window, errors, errorScale, place } = useView(
    useShallow(({ slice, window, errors, errorScale, place }) => ({ slice, window, errors, errorScale, place })),
  )
  const slices = volume?.slices ?? 1
  return (
    <div className={style.toolbar} role="toolbar" aria-label="Viewer">
      <Tooltip label="Fold the left panel ( [ )">
        <ActionIcon aria-label="Fold the left panel" onClick={foldLeft}>
          <IconLayoutSidebar size={16} />
        </ActionIcon>
      </Tooltip>
      <h1 className={`${style.title} truncate`} title={volume?.path}>
        {volume ? `${volume.file}${volume.acquisition ? ` · ${volume.acquisition}` : ''}` : (study?.name ?? '')}
      </h1>
      {volume && (
        <div className={style.slice}>
          <ActionIcon aria-label="Slice before" disabled={slice === 0} onClick={() => goToSlice(slice - 1, slices)}>
            <IconChevronUp size={16} />
          </ActionIcon>
          <output className={style.sliceNumber} aria-label="Slice">
            slice {slice + 1} / {slices}
          </output>
          <ActionIcon
            aria-label="Slice after"
            disabled={slice === slices - 1}
            onClick={() => goToSlice(slice + 1, slices)}
          >
            <IconChevronDown size={16} />
          </ActionIcon>
        </div>
      )}
      <span className={style.spacer} />
      {volume && (
        <>
          <span className={style.window}>
            {place.zoom > 1 && `zoom ${place.zoom.toFixed(1)}×  `}
            {window
              ? `W ${signal(window.high - window.low)}  L ${signal((window.high + window.low) / 2)}`
              : 'window fitted'}
          </span>
          <SegmentedControl
            aria-label="Images or error maps (E)"
            value={errors ? 'errors' : 'images'}
            onChange={value => useView.setState({ errors: value === 'errors' })}
            data={[
              { value: 'images', label: 'Images' },
              { value: 'errors', label: 'Errors' },
            ]}
          />
          <Tooltip label="Error maps end at this part of the ground truth’s maximum over the volume; all panes share the scale.">
            <Select
              aria-label="Scale of the error maps"
              w={92}
              data={ERROR_SCALES.map(scale => ({ value: String(scale), label: `error ×${scale}` }))}
              value={String(errorScale)}
              onChange={value => useView.setState({ errorScale: Number(value) })}
              allowDeselect={false}
            />
          </Tooltip>
          <Tooltip label="Fit the image and the window (space)">
            <Button leftSection={<IconArrowsMaximize size={14} />} onClick={resetView}>
              Fit
            </Button>
          </Tooltip>
        </>
      )}
      <Tooltip label="Fold the right panel ( ] )">
        <ActionIcon aria-label="Fold the right panel" onClick={foldRight}>
          <IconLayoutSidebarRight size={16} />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}
