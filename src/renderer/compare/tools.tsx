/** What a drag does, windows and colours, error maps, figures. */
import { ActionIcon, SegmentedControl, Select, Tooltip } from '@mantine/core'
import { IconArrowsMaximize, IconPhotoDown, IconPlusMinus, IconZoomIn } from '@tabler/icons-react'
import { useShallow } from 'zustand/react/shallow'
import { OriginBadge } from '../viewer/badges.tsx'
import { TOOL_NAMES, TOOLS } from '../viewer/tools/index.ts'
import { ERROR_SCALES, resetView, useView } from '../viewer/view.ts'
import style from './compare.module.css'
import { Toggle } from './toggle.tsx'
import { type ToolsProps, WindowMenu, WindowNumbers } from './window-menu.tsx'

/** What a drag over an image does, and the magnifier. */
function MouseTools() {
  const { tool, magnifier } = useView(useShallow(({ tool, magnifier }) => ({ tool, magnifier })))
  return (
    <ActionIcon.Group aria-label="Mouse tool">
      {TOOL_NAMES.map(name => {
        const { label, key, icon: Icon } = TOOLS[name]
        return (
          <Toggle
            key={name}
            label={label}
            hint={`${label} (${key})`}
            on={tool === name}
            onClick={() => useView.setState({ tool: name })}
          >
            <Icon size={16} />
          </Toggle>
        )
      })}
      <Toggle
        label="Magnifier"
        hint="Magnifier in every pane (M)"
        on={magnifier}
        onClick={() => useView.setState({ magnifier: !magnifier })}
      >
        <IconZoomIn size={16} />
      </Toggle>
    </ActionIcon.Group>
  )
}

export function Tools({ panes, volume }: ToolsProps) {
  const { errors, errorScale, signedErrors } = useView(
    useShallow(({ errors, errorScale, signedErrors }) => ({ errors, errorScale, signedErrors })),
  )
  return (
    <>
      <MouseTools />
      <OriginBadge origin={volume.origin} />
      <span className={style.spacer} />
      <WindowNumbers />
      <WindowMenu panes={panes} volume={volume} />
      <SegmentedControl
        aria-label="Images or error maps (E)"
        value={errors ? 'errors' : 'images'}
        onChange={value => useView.setState({ errors: value === 'errors' })}
        data={[
          { value: 'images', label: 'Images' },
          { value: 'errors', label: 'Errors' },
        ]}
      />
      <Tooltip
        label={
          'Error maps end at the maximum of the ground truth over the volume, divided by this number. All panes ' +
          'share the scale.'
        }
      >
        <Select
          aria-label="Scale of the error maps"
          w={92}
          data={ERROR_SCALES.map(scale => ({ value: String(scale), label: `error ×${scale}` }))}
          value={String(errorScale)}
          onChange={value => useView.setState({ errorScale: Number(value) })}
          allowDeselect={false}
        />
      </Tooltip>
      <Toggle
        label="Signed errors"
        hint="Signed errors: blue below the ground truth, orange above"
        on={signedErrors}
        onClick={() => useView.setState({ signedErrors: !signedErrors })}
      >
        <IconPlusMinus size={16} />
      </Toggle>
      <Tooltip label="Export a figure for a paper">
        <ActionIcon aria-label="Export a figure" onClick={() => useView.setState({ figure: true })}>
          <IconPhotoDown size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Fit the image and the window (space)">
        <ActionIcon aria-label="Fit image and window" onClick={resetView}>
          <IconArrowsMaximize size={16} />
        </ActionIcon>
      </Tooltip>
    </>
  )
}
