/** Above the panes: where we are and how they are laid out; what the mouse does, errors and windows. */
import { ActionIcon, Tooltip } from '@mantine/core'
import {
  IconChevronDown,
  IconChevronUp,
  IconLayoutSidebar,
  IconLayoutSidebarRight,
  IconPlayerPlay,
  IconPlayerStop,
} from '@tabler/icons-react'
import { memo } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { Comparison } from '../viewer/sources.ts'
import { foldLeft, foldRight, goToSlice, sliceOf, useView } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import { Arrangement } from './arrangement.tsx'
import style from './compare.module.css'
import { Toggle } from './toggle.tsx'
import { Tools } from './tools.tsx'
import type { ToolsProps } from './window-menu.tsx'

type Props = Pick<Comparison, 'study' | 'volume'> & Pick<ToolsProps, 'panes'>

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
      <ActionIcon aria-label="Previous slice" disabled={slice === 0} onClick={() => goToSlice(slice - 1, slices)}>
        <IconChevronUp size={16} />
      </ActionIcon>
      <output className={style.sliceNumber} aria-label="Slice">
        slice {slice + 1} / {slices}
      </output>
      <ActionIcon aria-label="Next slice" disabled={slice === slices - 1} onClick={() => goToSlice(slice + 1, slices)}>
        <IconChevronDown size={16} />
      </ActionIcon>
      <Toggle
        label={cine ? 'Stop playback' : 'Play slices'}
        hint={`${cine ? 'Stop playback' : 'Play slices'} (C)`}
        on={cine}
        onClick={() => useView.setState({ cine: !cine })}
      >
        {cine ? <IconPlayerStop size={16} /> : <IconPlayerPlay size={16} />}
      </Toggle>
    </div>
  )
}
