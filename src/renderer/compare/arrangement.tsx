/** How the panes are laid out: layout, what they share, two compared. */
import { ActionIcon, Select, Tooltip } from '@mantine/core'
import {
  IconBlendMode,
  IconContrast,
  IconEye,
  IconFrame,
  IconStack2,
  IconSwipe,
  IconZoomScan,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { LAYOUT_NAMES, type LayoutName, layoutOf } from '../viewer/layouts.ts'
import type { Pair } from '../viewer/marks.ts'
import { compareBy } from '../viewer/pair.ts'
import { chooseLayout, hasOwnPanes, type Link, layoutNameOf, resetPanes, toggleLink, useView } from '../viewer/view.ts'
import { Toggle } from './toggle.tsx'

const LINKED: readonly { which: Link; label: string; icon: ReactNode }[] = [
  { which: 'slice', label: 'Link the slice', icon: <IconStack2 size={16} /> },
  { which: 'place', label: 'Link zoom and position', icon: <IconZoomScan size={16} /> },
  { which: 'window', label: 'Link the window', icon: <IconContrast size={16} /> },
]

const PAIRED: readonly { mode: Pair['mode']; label: string; key: string; icon: ReactNode }[] = [
  { mode: 'swipe', label: 'Swipe between two panes', key: 'S', icon: <IconSwipe size={16} /> },
  { mode: 'blink', label: 'Blink between two panes', key: 'B', icon: <IconEye size={16} /> },
  { mode: 'overlay', label: 'Overlay two panes', key: 'X', icon: <IconBlendMode size={16} /> },
]

export function Arrangement() {
  const { layout, link, pair, changed } = useView(
    useShallow(view => ({
      layout: layoutNameOf(view),
      link: view.link,
      pair: view.pair?.mode,
      changed: hasOwnPanes(view),
    })),
  )
  return (
    <>
      <Select
        aria-label="Layout"
        w={96}
        data={LAYOUT_NAMES.map(name => ({ value: name, label: layoutOf(name).label }))}
        value={layout}
        onChange={value => value && chooseLayout(value as LayoutName)}
        allowDeselect={false}
      />
      {changed && (
        <Tooltip label="Reset panes">
          <ActionIcon aria-label="Reset panes" onClick={resetPanes}>
            <IconFrame size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      <ActionIcon.Group aria-label="Linked">
        {LINKED.map(({ which, label, icon }) => (
          <Toggle
            key={which}
            label={label}
            hint={`${label}: ${link[which] ? 'all panes share it' : 'each pane has its own'}`}
            on={link[which]}
            onClick={() => toggleLink(which)}
          >
            {icon}
          </Toggle>
        ))}
      </ActionIcon.Group>
      <ActionIcon.Group aria-label="Comparison of two panes">
        {PAIRED.map(({ mode, label, key, icon }) => (
          <Toggle
            key={mode}
            label={label}
            hint={`${label} (${key}). Choose the panes with Alt + click.`}
            on={pair === mode}
            onClick={() => compareBy(mode)}
          >
            {icon}
          </Toggle>
        ))}
      </ActionIcon.Group>
    </>
  )
}
