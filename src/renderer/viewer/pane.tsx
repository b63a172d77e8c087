/** One pane of the comparison: which source, what is shown of it, its image, its numbers. */
import { type DragEvent, type PointerEvent, useState } from 'react'
import type { StudyVolume } from '../../contract/studies.ts'
import { CascadeSlider } from './cascade-slider.tsx'
import { CoilStepper } from './coil-stepper.tsx'
import { isWaiting, usePaneLayer } from './layer.ts'
import { RUN_TYPE } from './marks.ts'
import { pickForPair } from './pair.ts'
import style from './pane.module.css'
import { PaneFoot } from './pane-foot.tsx'
import { PaneHead } from './pane-head.tsx'
import { PaneImage } from './pane-image.tsx'
import { type Comparison, type PaneState, SLOT_LABEL, sourceLabel } from './sources.ts'
import { changePane, useView } from './view.ts'

interface Props {
  readonly pane: PaneState
  readonly comparison: Comparison
  readonly volume: StudyVolume
  /** In a strip: its image and what it is of, no numbers. */
  readonly small?: boolean
}

/** Takes a run that is dropped on the pane. */
function useDrop(pane: number) {
  const [over, setOver] = useState(false)
  const takes = (event: DragEvent) => event.dataTransfer.types.includes(RUN_TYPE)
  return {
    'data-drop': over || undefined,
    onDragOver(event: DragEvent) {
      if (!takes(event)) return
      event.preventDefault()
      event.stopPropagation()
      setOver(true)
    },
    onDragLeave: () => setOver(false),
    onDrop(event: DragEvent) {
      if (!takes(event)) return
      event.preventDefault()
      event.stopPropagation()
      setOver(false)
      changePane(pane, { source: `run:${event.dataTransfer.getData(RUN_TYPE)}` })
    },
  }
}

export function Pane({ pane, comparison, volume, small = false }: Props) {
  const { slot, source } = pane
  const { runs, study, named } = comparison
  const drawn = usePaneLayer(pane, volume)
  const focused = useView(view => view.focus === pane.pane)
  const picked = useView(view => view.picked === pane.pane)
  const drop = useDrop(pane.pane)
  const title = source === null ? SLOT_LABEL[slot] : sourceLabel(source, comparison)
  const take = (event: PointerEvent) => {
    useView.setState({ focus: pane.pane })
    if (event.altKey) pickForPair(pane.pane)
  }
  return (
    <section
      className={style.pane}
      data-slot={slot}
      data-small={small || undefined}
      data-pane={pane.pane}
      data-url={drawn.held ? undefined : drawn.frame?.url}
      data-focused={focused || undefined}
      data-picked={picked || undefined}
      aria-label={`${SLOT_LABEL[slot]}: ${title}`}
      onPointerDownCapture={take}
      {...drop}
    >
      <PaneHead {...{ pane, volume, small, title, runs, study, named }} />
      <div className={style.stage}>
        <PaneImage {...{ pane, comparison, volume, drawn, title }} />
        {!small && <CoilStepper pane={pane} coils={volume.coils} />}
        {!small && <CascadeSlider pane={pane} />}
      </div>
      {!small && (
        <footer className={style.footer}>
          <PaneFoot pane={pane} volume={volume} meta={drawn.frame?.meta ?? null} waiting={isWaiting(drawn)} />
        </footer>
      )}
    </section>
  )
}
