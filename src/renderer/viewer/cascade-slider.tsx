/** Over a pane's image: which cascade is shown, and a slider through all of them. */
import { Slider } from '@mantine/core'
import { cascadeInWords, goToCascade, type PaneCascade } from './cascades.ts'
import style from './pane.module.css'

export function CascadeSlider({ pane }: { readonly pane: PaneCascade }) {
  const { cascade, run } = pane
  if (cascade === undefined || !run) return null
  const last = run.cascades
  const words = cascade === 0 ? 'input' : `${cascadeInWords(cascade)} / ${last}`
  return (
    <div className={style.cascades}>
      <Slider
        className={style.slider}
        size="xs"
        thumbSize={12}
        thumbLabel="Cascade"
        min={0}
        max={last}
        step={1}
        value={cascade}
        label={null}
        onChange={to => goToCascade(pane, to)}
      />
      <output aria-label="Cascade">{words}</output>
    </div>
  )
}
