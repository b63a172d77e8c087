/** The panes of the open volume in their layout, or two panes on one stage. */
import { useShallow } from 'zustand/react/shallow'
import { layoutOf } from '../viewer/layouts.ts'
import { PairStage } from '../viewer/pair-stage.tsx'
import { Pane } from '../viewer/pane.tsx'
import type { Comparison } from '../viewer/sources.ts'
import { layoutNameOf, useView } from '../viewer/view.ts'
import style from './compare.module.css'

export function Panes({ comparison }: { comparison: Comparison }) {
  const { volume, panes } = comparison
  const { pair, focus } = useView(useShallow(({ pair, focus }) => ({ pair, focus })))
  const layout = layoutOf(useView(layoutNameOf))
  if (!volume) {
    return (
      <div className={style.empty}>
        <p>Choose a volume on the left to compare its reconstructions.</p>
      </div>
    )
  }
  if (pair && panes[pair.first] && panes[pair.second]) return <PairStage {...{ pair, comparison, volume }} />
  const [large] = layout.strip ? [panes[focus] ?? panes[0]] : [null]
  return (
    <div
      className={style.panes}
      data-strip={layout.strip}
      style={{
        gridTemplate: layout.strip
          ? `minmax(0, 3fr) minmax(110px, 1fr) / repeat(${panes.length}, minmax(0, 1fr))`
          : `repeat(${layout.rows}, minmax(0, 1fr)) / repeat(${layout.columns}, minmax(0, 1fr))`,
      }}
    >
      {large && <Pane key="large" {...{ comparison, volume }} pane={large} />}
      {panes.map(pane => (
        <Pane key={pane.pane} {...{ pane, comparison, volume }} small={layout.strip} />
      ))}
    </div>
  )
}
