/** Window and colours of the pane in focus. */
import { ActionIcon, Menu } from '@mantine/core'
import { IconContrast } from '@tabler/icons-react'
import type { RefObject } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { COLOUR_MAPS } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { signal } from '../app/format.ts'
import { applyPreset, PRESETS, type Preset } from '../viewer/presets.ts'
import type { PaneState } from '../viewer/sources.ts'
import { choicesOf, placeOf, useView } from '../viewer/view.ts'
import { coloursOf, FILE } from '../viewer/windows.ts'
import style from './compare.module.css'

export interface ToolsProps {
  /** As they are now: nothing here is drawn again when they change. */
  readonly panes: RefObject<readonly PaneState[]>
  readonly volume: StudyVolume
}

/** Zoom and window of the pane in focus. */
export function WindowNumbers() {
  const { place, window } = useView(
    useShallow(view => ({ place: placeOf(view, view.focus), window: view.windows[FILE] })),
  )
  return (
    <span className={style.window}>
      {place.zoom > 1 && `zoom ${place.zoom.toFixed(1)}×  `}
      {window ? `W ${signal(window.high - window.low)}  L ${signal((window.high + window.low) / 2)}` : 'window fitted'}
    </span>
  )
}

export function WindowMenu({ panes, volume }: ToolsProps) {
  const { show, colours, signedErrors } = useView(
    useShallow(view => ({
      show: choicesOf(view)[view.focus]?.show ?? 'image',
      colours: view.colours,
      signedErrors: view.signedErrors,
    })),
  )
  const now = coloursOf(show, colours, signedErrors)
  const apply = (preset: Preset) => {
    const pane = panes.current[useView.getState().focus]
    if (pane) applyPreset(preset, pane, volume)
  }
  return (
    <Menu width={230} position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label="Window and colours" title="Window and colours of the pane in focus">
          <IconContrast size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Window</Menu.Label>
        {PRESETS.map((preset, i) => (
          <Menu.Item
            key={preset.label}
            rightSection={<span className="secondary">{i + 1}</span>}
            onClick={() => apply(preset)}
          >
            {preset.label}
          </Menu.Item>
        ))}
        {show !== 'maps' && (
          <>
            <Menu.Divider />
            <Menu.Label>Colours</Menu.Label>
            <Menu.RadioGroup value={now} onChange={name => useView.setState({ colours: { ...colours, [show]: name } })}>
              {COLOUR_MAPS.map(name => (
                <Menu.RadioItem key={name} value={name} closeMenuOnClick>
                  {name}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
