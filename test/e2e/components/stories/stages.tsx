/** Stories of a stage: one image, no image, and two images in one place. */

import { useViewerKeys } from '../../../../src/renderer/compare/keys.ts'
import { COLOURS } from '../../../../src/renderer/viewer/drawing.ts'
import type { Pair } from '../../../../src/renderer/viewer/marks.ts'
import type { Layer } from '../../../../src/renderer/viewer/painting.ts'
import { PairStage } from '../../../../src/renderer/viewer/pair-stage.tsx'
import type { Comparison } from '../../../../src/renderer/viewer/sources.ts'
import { Stage } from '../../../../src/renderer/viewer/stage.tsx'
import { useView } from '../../../../src/renderer/viewer/view.ts'
import { BASELINE, FINE_TUNED, LONG_RUN, phantom, SHAPE, VOLUME } from './data.ts'
import { compared, ofRun } from './panes.tsx'
import { GRID, type Story } from './story.ts'

const SIDE = { width: 480, height: 480 }
const WINDOW = { key: 'file', file: true, fitted: { low: 0, high: 1 } }
const IMAGE: Layer = { values: phantom(4, 1), shape: SHAPE, map: COLOURS.grey, window: WINDOW }
const NOTHING: Layer = { ...IMAGE, values: new Float32Array(SHAPE[0] * SHAPE[1]).fill(Number.NaN) }

/** The keys that the screen around the stage handles. */
function Alone({ layer }: { readonly layer: Layer }) {
  useViewerKeys(compared([ofRun(BASELINE)]))
  return <Stage pane={0} layer={layer} slices={VOLUME.slices} label="Run 3" unit="" />
}

const alone = (layer: Layer): Story => ({
  size: SIDE,
  view: { focus: 0, slice: 4 },
  show: () => <Alone {...{ layer }} />,
})

function Two({ comparison }: { readonly comparison: Comparison }) {
  const pair = useView(view => view.pair)
  useViewerKeys(comparison)
  return pair ? <PairStage {...{ pair, comparison }} volume={VOLUME} /> : <p>No comparison is open.</p>
}

function pair(mode: Pair['mode'], runs = [BASELINE, FINE_TUNED]): Story {
  const panes = runs.map((run, pane) => ofRun(run, { pane }))
  return {
    size: GRID,
    view: { pair: { mode, first: 0, second: 1, edge: 'vertical', share: 0.5, rate: 0 } },
    show: () => <Two comparison={compared(panes, { runs })} />,
  }
}

export const STAGES = {
  'stage: image': alone(IMAGE),
  'stage: no values': alone(NOTHING),
  'stage: swipe': pair('swipe'),
  'stage: blink': pair('blink'),
  'stage: overlay': pair('overlay'),
  'stage: long names': pair('blink', [LONG_RUN, { ...LONG_RUN, id: '7654321' }]),
} satisfies Record<string, Story>
