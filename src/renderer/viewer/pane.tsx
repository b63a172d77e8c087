/** One pane of the comparison: which source, what is shown of it, its image, its numbers. */
import { ActionIcon, Button, Menu, Select, Tooltip } from '@mantine/core'
import { IconChartLine, IconDots, IconGridDots } from '@tabler/icons-react'
import { type DragEvent, memo, type PointerEvent, useMemo, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { type FrameMeta, isOfKspace } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { runColour } from '../../presentation/colours.ts'
import { goToScreen } from '../app/navigation.ts'
import { showFeatures } from '../app/open-features.ts'
import { FineTuneButton } from '../widgets/fine-tune.tsx'
import { SeenBadge } from './badges.tsx'
import { ColourBar } from './colour-bar.tsx'
import type { FrameError } from './frames.ts'
import { type PaneLayer, usePaneLayer } from './layer.ts'
import type { PaneShow } from './layouts.ts'
import { RUN_TYPE } from './marks.ts'
import { pickForPair } from './pair.ts'
import style from './pane.module.css'
import { PaneFoot } from './pane-foot.tsx'
import { type Comparison, type PaneState, SHOW_LABEL, SHOW_SHORT, SLOT_LABEL, sourceLabel } from './sources.ts'
import { Stage } from './stage.tsx'
import { changePane, useView } from './view.ts'
import { windowNow } from './windows.ts'

interface Props {
  readonly pane: PaneState
  readonly comparison: Comparison
  readonly volume: StudyVolume
  /** In a strip: its image and what it is of, no numbers. */
  readonly small?: boolean
}

const NO_RUN = {
  pretrained: 'No pre-trained network on this study yet.',
  'fine-tuned': 'No fine-tuned network on this study yet.',
  baseline: 'No baseline on this study yet.',
} as const

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
      <PaneHead {...{ pane, volume, small, title }} runs={comparison.runs} study={comparison.study} />
      <div className={style.stage}>
        <PaneImage {...{ pane, comparison, volume, drawn, title }} />
      </div>
      {!small && (
        <footer className={style.footer}>
          <PaneFoot pane={pane} volume={volume} meta={drawn.frame?.meta ?? null} />
        </footer>
      )}
    </section>
  )
}

interface HeadProps extends Pick<Props, 'pane' | 'volume' | 'small'>, Pick<Comparison, 'runs' | 'study'> {
  readonly title: string
}

/** Nothing of it depends on the slice. */
const PaneHead = memo(function PaneHead({ pane, volume, small, title, runs, study }: HeadProps) {
  const { slot, source, run, show } = pane
  return (
    <header className={style.header}>
      <span className={style.swatch} style={{ background: run ? runColour(run.id) : 'transparent' }} />
      {show !== 'image' && (
        <span className={style.aspect} title={show === 'feature' ? pane.layer : SHOW_LABEL[show]}>
          {show === 'feature' ? `${pane.layer}, channel ${(pane.channel ?? 0) + 1} of` : SHOW_SHORT[show]}
        </span>
      )}
      {small ? (
        <span className="truncate" title={title}>
          {run ? `Run ${run.id}` : SLOT_LABEL[source === 'zero-filled' ? 'input' : source === 'truth' ? 'truth' : slot]}
        </span>
      ) : (
        <>
          <SourceSelect {...{ pane: pane.pane, slot, source, runs, study }} />
          {run && <SeenBadge run={run} volume={volume} />}
          <PaneMenu {...{ pane: pane.pane, slot, run, show }} />
        </>
      )}
    </header>
  )
})

const SHOWN = Object.keys(SHOW_LABEL) as Exclude<PaneShow, 'feature'>[]

function PaneMenu({ pane, slot, run, show }: Pick<PaneState, 'pane' | 'slot' | 'run' | 'show'>) {
  return (
    <Menu position="bottom-end" width={270}>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={run ? `More of run ${run.id}` : `More of the pane ${SLOT_LABEL[slot]}`}>
          <IconDots size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Show</Menu.Label>
        <Menu.RadioGroup value={show} onChange={next => changePane(pane, { show: next as PaneShow })}>
          {SHOWN.map(each => (
            <Menu.RadioItem key={each} value={each} closeMenuOnClick>
              {SHOW_LABEL[each]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        {run?.checkpoint && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconGridDots size={14} />}
              rightSection={<span className="secondary">F</span>}
              onClick={() => showFeatures(run.id)}
            >
              Feature maps
            </Menu.Item>
            <Menu.Item leftSection={<IconChartLine size={14} />} onClick={() => goToScreen('runs', run.id)}>
              Open run {run.id}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

type SourceProps = Pick<PaneState, 'pane' | 'slot' | 'source'> & Pick<Comparison, 'runs' | 'study'>

function SourceSelect({ pane, slot, source, runs, study }: SourceProps) {
  const data = useMemo(() => {
    const offered = runs.filter(run => run.checkpoint)
    const item = (value: string) => ({ value, label: sourceLabel(value, { runs }) })
    const own = offered.filter(run => run.study === study?.name).toReversed()
    const others = offered.filter(run => run.study !== study?.name).toReversed()
    return [
      { group: 'This slice', items: [item('zero-filled'), item('truth')] },
      ...(own.length > 0 ? [{ group: 'Runs of this study', items: own.map(run => item(`run:${run.id}`)) }] : []),
      ...(others.length > 0
        ? [{ group: 'Runs of other studies', items: others.map(run => item(`run:${run.id}`)) }]
        : []),
    ]
  }, [runs, study])
  return (
    <Select
      aria-label={`Source of the pane ${SLOT_LABEL[slot]}`}
      classNames={{ root: style.select, input: style.selectInput }}
      variant="unstyled"
      data={data}
      value={source}
      title={source === null ? undefined : sourceLabel(source, { runs })}
      placeholder={SLOT_LABEL[slot]}
      onChange={value => changePane(pane, { source: value })}
      allowDeselect={false}
      maxDropdownHeight={320}
      comboboxProps={{ width: 280, position: 'bottom-start', shadow: 'md' }}
    />
  )
}

interface ImageProps {
  readonly pane: PaneState
  readonly comparison: Comparison
  readonly volume: StudyVolume
  readonly drawn: PaneLayer
  readonly title: string
}

const UNITS: Readonly<Record<FrameMeta['units'], string>> = {
  signal: '',
  arbitrary: ' a.u.',
  ssim: '',
  log: ' log₁₀',
  radians: ' rad',
  share: '',
}

function PaneImage({ pane, comparison, volume, drawn, title }: ImageProps) {
  const { slot, source, show } = pane
  const { slice, layer, frame, held, isError, error, retry } = drawn
  if (source === null) return <Empty slot={slot} comparison={comparison} />
  if (source === 'truth' && !volume.targetShape)
    return <p className={style.message}>This file has no ground truth: it is reconstructed, not scored.</p>
  if (isError && !volume.targetShape) return <p className={style.message}>No ground truth, so no error can be shown.</p>
  if (error) return <Failure error={error} retry={retry} />
  if (isError && frame?.meta.units === 'arbitrary')
    return <p className={style.message}>Arbitrary units: a pre-trained network’s output has no error to show.</p>
  if (!layer || !frame) return <div className={style.skeleton} role="status" aria-label="Loading" />
  const arbitrary = frame.meta.units === 'arbitrary'
  const inKspace = isOfKspace(show)
  return (
    <>
      <div className={style.fill} data-held={held || undefined}>
        <Stage
          pane={pane.pane}
          layer={layer}
          slices={volume.slices}
          marks={!inKspace}
          label={isError ? `Error of ${title}` : title}
          unit={isError ? '' : UNITS[frame.meta.units]}
        />
      </div>
      <PaneBar drawn={drawn} />
      {held && <output className={style.held}>loading slice {slice + 1} …</output>}
      {arbitrary && (
        <Tooltip label="A pre-trained network has not learned the ground truth’s scale. This pane has a window of its own, and no metric fits it.">
          <span className={style.units}>arbitrary units, own window</span>
        </Tooltip>
      )}
      {!inKspace && <Orientation volume={volume} />}
    </>
  )
}

/** The scale of everything that is no plain image. */
export function PaneBar({ drawn: { layer, colours, isError, frame } }: { drawn: PaneLayer }) {
  const scale = useView(view => view.errorScale)
  const window = useView(useShallow(view => (layer ? windowNow(layer.window, view.windows) : null)))
  if (!layer || !window || !frame || (!isError && colours === 'grey' && frame.meta.show === 'image')) return null
  const { low, high } = window
  const note = isError ? `1/${scale} of the maximum` : UNITS[frame.meta.units].trim()
  return <ColourBar map={layer.map} low={low} high={high} note={note} />
}

function Empty({ slot, comparison: { panes, study } }: { slot: PaneState['slot']; comparison: Comparison }) {
  const pretrained = panes.find(pane => pane.slot === 'pretrained')?.run
  if (slot === 'fine-tuned' && pretrained) {
    return (
      <div className={style.message}>
        <p>Run {pretrained.id} has not been fine-tuned yet.</p>
        <FineTuneButton run={pretrained} />
      </div>
    )
  }
  if (study?.kind === 'scans')
    return <p className={style.message}>Choose a run above to reconstruct this file with it.</p>
  const what = slot in NO_RUN ? NO_RUN[slot as keyof typeof NO_RUN] : 'Nothing to show.'
  return (
    <div className={style.message}>
      <p>{what}</p>
      <Button onClick={() => goToScreen('runs', slot === 'baseline' ? 'baseline' : 'pretrain')}>
        {slot === 'baseline' ? 'Train a baseline' : slot === 'pretrained' ? 'Pre-train a network' : 'Go to runs'}
      </Button>
    </div>
  )
}

function Failure({ error, retry }: { error: FrameError; retry: () => void }) {
  return (
    <div className={style.message} role="alert">
      <p className={style.failure}>{error.message}</p>
      {error.code === 'ENGINE_UNAVAILABLE' ? (
        <Button onClick={() => goToScreen('settings')}>Install the engine</Button>
      ) : (
        <div className={style.buttons}>
          {error.code === 'DATA_CHANGED' && (
            <Button size="compact-xs" onClick={() => goToScreen('studies')}>
              Open the study
            </Button>
          )}
          <Button size="compact-xs" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

const OPPOSITE: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' }
const opposite = (letters: string) => [...letters].map(letter => OPPOSITE[letter] ?? letter).join('')

/** Letters at the four sides where the file says how the patient lay; else that it does not. */
function Orientation({ volume: { orientation } }: { volume: StudyVolume }) {
  if (!orientation) return <span className={style.unknown}>orientation unknown</span>
  const [right, down] = orientation
  return (
    <>
      <span className={style.letter} data-side="right">
        {right}
      </span>
      <span className={style.letter} data-side="left">
        {opposite(right)}
      </span>
      <span className={style.letter} data-side="bottom">
        {down}
      </span>
      <span className={style.letter} data-side="top">
        {opposite(down)}
      </span>
    </>
  )
}
