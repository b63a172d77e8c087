/** Above the panes: where we are and how they are laid out; what the mouse does, errors and windows. */
import { ActionIcon, Menu, SegmentedControl, Select, Tooltip } from '@mantine/core'
import {
  IconArrowsMaximize,
  IconBlendMode,
  IconChevronDown,
  IconChevronUp,
  IconContrast,
  IconEye,
  IconFrame,
  IconLayoutSidebar,
  IconLayoutSidebarRight,
  IconPhotoDown,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlusMinus,
  IconStack2,
  IconSwipe,
  IconZoomIn,
  IconZoomScan,
} from '@tabler/icons-react'
import { memo, type ReactNode, type RefObject } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { COLOUR_MAPS } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { signal } from '../format.ts'
import { SyntheticBadge } from '../viewer/badges.tsx'
import { LAYOUT_NAMES, type LayoutName, layoutOf } from '../viewer/layouts.ts'
import type { Pair } from '../viewer/marks.ts'
import { compareBy } from '../viewer/pair.ts'
import { applyPreset, PRESETS, type Preset } from '../viewer/presets.ts'
import type { Comparison, PaneState } from '../viewer/sources.ts'
import { TOOL_NAMES, TOOLS } from '../viewer/tools/index.ts'
import {
  choicesOf,
  chooseLayout,
  ERROR_SCALES,
  foldLeft,
  foldRight,
  goToSlice,
  hasOwnPanes,
  type Link,
  layoutNameOf,
  placeOf,
  resetPanes,
  resetView,
  sliceOf,
  toggleLink,
  useView,
} from '../viewer/view.ts'
import { coloursOf, FILE } from '../viewer/windows.ts'
import { FileName } from '../widgets/file-name.tsx'
import style from './compare.module.css'

interface ToggleProps {
  readonly label: string
  readonly hint?: string
  readonly on: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}

function Toggle({ label, hint, on, onClick, children }: ToggleProps) {
  return (
    <Tooltip label={hint ?? label}>
      <ActionIcon
        aria-label={label}
        aria-pressed={on}
        data-on={on || undefined}
        className={style.toggle}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

const LINKED: readonly { which: Link; label: string; icon: ReactNode }[] = [
  { which: 'slice', label: 'Link the slice', icon: <IconStack2 size={16} /> },
  { which: 'place', label: 'Link zoom and place', icon: <IconZoomScan size={16} /> },
  { which: 'window', label: 'Link the window', icon: <IconContrast size={16} /> },
]

const PAIRED: readonly { mode: Pair['mode']; label: string; key: string; icon: ReactNode }[] = [
  { mode: 'swipe', label: 'Swipe between two', key: 'S', icon: <IconSwipe size={16} /> },
  { mode: 'blink', label: 'Blink between two', key: 'B', icon: <IconEye size={16} /> },
  { mode: 'overlay', label: 'Lay one over another', key: 'X', icon: <IconBlendMode size={16} /> },
]

interface Props extends Pick<Comparison, 'study' | 'volume'> {
  /** As they are now: nothing here is drawn again when they change. */
  readonly panes: RefObject<readonly PaneState[]>
}

interface ToolsProps extends Pick<Props, 'panes'> {
  readonly volume: StudyVolume
}

export const Toolbar = memo(function Toolbar({ study, volume, panes }: Props) {
  return (
    <div className={style.toolbars} role="toolbar" aria-label="Viewer">
      <div className={style.toolbar}>
        <Tooltip label="Fold the left panel ( [ )">
          <ActionIcon aria-label="Fold the left panel" onClick={foldLeft}>
            <IconLayoutSidebar size={16} />
          </ActionIcon>
        </Tooltip>
        <h1 className={style.title} title={volume?.path ?? study?.name}>
          {volume ? <FileName name={volume.file} /> : <span className="truncate">{study?.name}</span>}
          {volume?.acquisition && !volume.file.includes(volume.acquisition) && (
            <span className={style.acquisition}> · {volume.acquisition}</span>
          )}
        </h1>
        {volume && <Slices slices={volume.slices} />}
        <span className={style.spacer} />
        {volume && <Arrangement />}
        <Tooltip label="Fold the right panel ( ] )">
          <ActionIcon aria-label="Fold the right panel" onClick={foldRight}>
            <IconLayoutSidebarRight size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={style.toolbar}>{volume && <Tools panes={panes} volume={volume} />}</div>
    </div>
  )
})

function Slices({ slices }: { slices: number }) {
  const { slice, cine } = useView(useShallow(view => ({ slice: sliceOf(view, view.focus), cine: view.cine })))
  return (
    <div className={style.slice}>
      <ActionIcon aria-label="Slice before" disabled={slice === 0} onClick={() => goToSlice(slice - 1, slices)}>
        <IconChevronUp size={16} />
      </ActionIcon>
      <output className={style.sliceNumber} aria-label="Slice">
        slice {slice + 1} / {slices}
      </output>
      <ActionIcon aria-label="Slice after" disabled={slice === slices - 1} onClick={() => goToSlice(slice + 1, slices)}>
        <IconChevronDown size={16} />
      </ActionIcon>
      <Toggle
        label={cine ? 'Stop the slices' : 'Play the slices'}
        hint={`${cine ? 'Stop' : 'Play'} the slices (C)`}
        on={cine}
        onClick={() => useView.setState({ cine: !cine })}
      >
        {cine ? <IconPlayerStop size={16} /> : <IconPlayerPlay size={16} />}
      </Toggle>
    </div>
  )
}

function Arrangement() {
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
        <Tooltip label="The layout’s own panes again">
          <ActionIcon aria-label="The layout’s own panes again" onClick={resetPanes}>
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
      <ActionIcon.Group aria-label="Two panes compared">
        {PAIRED.map(({ mode, label, key, icon }) => (
          <Toggle
            key={mode}
            label={label}
            hint={`${label} (${key}); Alt + click picks the two`}
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

function Tools({ panes, volume }: ToolsProps) {
  const { errors, errorScale, signedErrors, tool, magnifier } = useView(
    useShallow(({ errors, errorScale, signedErrors, tool, magnifier }) => ({
      errors,
      errorScale,
      signedErrors,
      tool,
      magnifier,
    })),
  )
  return (
    <>
      <ActionIcon.Group aria-label="What a drag does">
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
      {volume.synthetic && <SyntheticBadge />}
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
      <Toggle
        label="Signed errors"
        hint="Errors with their sign: blue below the ground truth, orange above"
        on={signedErrors}
        onClick={() => useView.setState({ signedErrors: !signedErrors })}
      >
        <IconPlusMinus size={16} />
      </Toggle>
      <Tooltip label="Figure for a paper">
        <ActionIcon aria-label="Figure for a paper" onClick={() => useView.setState({ figure: true })}>
          <IconPhotoDown size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Fit the image and the window (space)">
        <ActionIcon aria-label="Fit" onClick={resetView}>
          <IconArrowsMaximize size={16} />
        </ActionIcon>
      </Tooltip>
    </>
  )
}

/** Zoom and window of the pane in focus. */
function WindowNumbers() {
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

function WindowMenu({ panes, volume }: ToolsProps) {
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
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        <Menu.RadioGroup value={now} onChange={name => useView.setState({ colours: { ...colours, [show]: name } })}>
          {COLOUR_MAPS.map(name => (
            <Menu.RadioItem key={name} value={name} closeMenuOnClick>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
