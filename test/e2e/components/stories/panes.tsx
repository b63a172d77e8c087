/** Stories of a pane, alone and in the grid. */
import type { ReactNode } from 'react'
import type { StudyVolume } from '../../../../src/contract/studies.ts'
import { Panes } from '../../../../src/renderer/compare/panes.tsx'
import { cascadeOf } from '../../../../src/renderer/viewer/cascades.ts'
import type { LayoutName } from '../../../../src/renderer/viewer/layouts.ts'
import { Pane } from '../../../../src/renderer/viewer/pane.tsx'
import type { Comparison, PaneState } from '../../../../src/renderer/viewer/sources.ts'
import { choicesOf, useView } from '../../../../src/renderer/viewer/view.ts'
import { BASELINE, CASCADED, FINE_TUNED, LONG_FILE, LONG_RUN, PRETRAINED, RUNS, STUDY, VOLUME } from './data.ts'
import { GRID, type Story } from './story.ts'

/** A pane of the default grid, two by three, in a window of 1024 × 700 pixels. */
const PANE = { width: 240, height: 290 }

const state = (changes: Partial<PaneState>): PaneState => ({
  pane: 0,
  slot: 'baseline',
  show: 'image',
  source: null,
  run: null,
  ...changes,
})

export const ofRun = (run: Comparison['runs'][number], changes: Partial<PaneState> = {}): PaneState =>
  state({ source: `run:${run.id}`, run, ...changes })

export const compared = (panes: readonly PaneState[], changes: Partial<Comparison> = {}): Comparison => ({
  study: STUDY,
  volume: VOLUME,
  runs: RUNS,
  named: [],
  panes,
  ...changes,
})

const alone = (pane: PaneState, changes: Partial<Comparison> = {}, volume: StudyVolume = VOLUME): Story => ({
  size: PANE,
  show: () => <Pane pane={pane} comparison={compared([pane], { volume, ...changes })} volume={volume} />,
})

/** Which run each slot of the grid shows. */
const SHOWN: Partial<Record<PaneState['slot'], Comparison['runs'][number]>> = {
  pretrained: PRETRAINED,
  'fine-tuned': FINE_TUNED,
  baseline: BASELINE,
  error: FINE_TUNED,
}

interface GridProps {
  readonly volume: StudyVolume | null
  readonly shown?: typeof SHOWN
}

function Grid({ volume, shown = SHOWN }: GridProps): ReactNode {
  const panes = useView(choicesOf).map(({ source: _, ...choice }, pane): PaneState => {
    const run = shown[choice.slot] ?? null
    const source = run ? `run:${run.id}` : choice.slot === 'truth' ? 'truth' : 'zero-filled'
    return { ...choice, pane, run, source, cascade: cascadeOf(choice, run) }
  })
  return <Panes comparison={compared(panes, { volume })} />
}

const grid = (layout: LayoutName, volume: StudyVolume | null = VOLUME): Story => ({
  size: GRID,
  view: { study: STUDY.id, volume: VOLUME.id, layouts: { [STUDY.id]: layout } },
  show: () => <Grid volume={volume} />,
})

const MANY_COILS = { ...VOLUME, coils: 15 }
/** An oblique plane, as openStored gives its letters. */
const PLACED: StudyVolume = {
  ...VOLUME,
  orientation: ['LP', 'PR'],
  geometry: {
    right: [0.8, 0.6, 0],
    down: [-0.6, 0.8, 0],
    origins: Array.from({ length: VOLUME.slices }, (_, slice) => [12, -8, 6.5 * slice - 30]),
  },
}
const LONG_VOLUME = { ...VOLUME, file: LONG_FILE, path: `/data/${LONG_FILE}`, orientation: null }

export const PANES = {
  'pane: no volume': grid('2x3', null),
  'pane: no run': alone(state({}), { study: STUDY, runs: [] }),
  'pane: no fine-tuning': alone(state({ slot: 'fine-tuned' }), {
    panes: [ofRun(PRETRAINED, { slot: 'pretrained' })],
  }),
  'pane: scan without a run': alone(state({}), { study: { ...STUDY, kind: 'scans' } }),
  'pane: no ground truth': alone(state({ slot: 'truth', source: 'truth' }), {}, { ...VOLUME, targetShape: null }),
  'pane: run': alone(ofRun(BASELINE)),
  'pane: placed': alone(ofRun(BASELINE), {}, PLACED),
  'pane: arbitrary units': alone(ofRun(PRETRAINED, { slot: 'pretrained' })),
  'pane: one coil': alone(state({ slot: 'input', source: 'zero-filled', coil: 2 }), {}, MANY_COILS),
  'pane: all coils': alone(state({ slot: 'truth', source: 'truth', show: 'k-space', coil: null }), {}, MANY_COILS),
  'pane: long names': alone(ofRun(LONG_RUN, { slot: 'pretrained', show: 'spread' }), { runs: [LONG_RUN] }, LONG_VOLUME),
  'pane: cascade': alone(
    ofRun(CASCADED, { show: 'cascade', cascade: 2 }),
    { runs: [CASCADED] },
    { ...MANY_COILS, origin: 'synthetic' },
  ),
  'pane: one coil for many': alone(ofRun(CASCADED), { runs: [CASCADED] }),
  'pane: phase of a network': alone(ofRun(CASCADED, { show: 'phase', coil: null }), { runs: [CASCADED] }, MANY_COILS),
  'panes: cascades': {
    size: GRID,
    view: {
      study: STUDY.id,
      volume: VOLUME.id,
      focus: 0,
      layouts: { [STUDY.id]: '1x1' },
      panes: { [`${STUDY.id} 1x1`]: [{ slot: 'baseline', source: null, show: 'cascade' }] },
    },
    show: () => <Grid volume={VOLUME} shown={{ baseline: CASCADED }} />,
  },
  'panes: 1': grid('1x1'),
  'panes: 9': grid('3x3'),
  'panes: placed': grid('2x3', PLACED),
  'panes: strip': grid('strip'),
} satisfies Record<string, Story>
