/** One pane of the comparison: which source, its image or error map, its numbers. */
import { ActionIcon, Button, Menu, Select, Tooltip } from '@mantine/core'
import { IconChartLine, IconDots, IconGridDots } from '@tabler/icons-react'
import { useMemo, useRef } from 'react'
import type { FrameMeta } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { runColour } from '../colours.ts'
import { showFeatures } from '../features/open.ts'
import { nmse, protocolText, psnr, runLabel, ssim } from '../format.ts'
import { useScore, versionOf } from '../queries.ts'
import { FineTuneButton } from '../runs/fine-tune.tsx'
import { goToScreen } from '../shell/screens.ts'
import { type GreyWindow, pickSource, useView } from '../view.ts'
import { SeenBadge, SyntheticBadge } from './badges.tsx'
import { ColourBar } from './colour-bar.tsx'
import { absoluteDifference, fitWindow, GREY, INFERNO, ownWindow } from './drawing.ts'
import { type Frame, type FrameError, useFrame } from './frames.ts'
import style from './pane.module.css'
import { type Comparison, type PaneState, SLOT_LABEL } from './sources.ts'
import { Stage, type StageImage } from './stage.tsx'

interface Props {
  readonly pane: PaneState
  readonly comparison: Comparison
  readonly volume: StudyVolume
  /** Of the ground truth at this slice, `null` while it loads or where there is none. */
  readonly truth: Frame | null
  /** The window of all panes in the units of the file. */
  readonly shared: GreyWindow | null
}

/** Windows of panes in arbitrary units, by frame: sorting is not free. */
const fitted = new WeakMap<Frame, GreyWindow>()

function fittedOwn(frame: Frame): GreyWindow {
  const found = fitted.get(frame)
  if (found) return found
  const made = frame.meta.units === 'arbitrary' ? ownWindow(frame.image) : fitWindow(frame.image)
  fitted.set(frame, made)
  return made
}

const NO_RUN = {
  pretrained: 'No pre-trained network on this study yet.',
  'fine-tuned': 'No fine-tuned network on this study yet.',
  baseline: 'No baseline on this study yet.',
} as const

export function Pane({ pane, comparison, volume, truth, shared }: Props) {
  const { slot, source, run, url } = pane
  const { frame, error, retry } = useFrame(url)
  const focus = useView(view => view.focus)
  const errors = useView(view => view.errors)
  const slice = useView(view => view.slice)
  const title = source === null ? SLOT_LABEL[slot] : sourceLabel(source, comparison)
  const wantsError = (slot === 'error' || errors) && source !== 'truth' && frame?.meta.units !== 'arbitrary'

  return (
    <section
      className={style.pane}
      data-slot={slot}
      data-url={frame?.url}
      data-focused={focus === slot || undefined}
      aria-label={`${SLOT_LABEL[slot]}: ${title}`}
      onPointerDownCapture={() => useView.setState({ focus: slot })}
    >
      <header className={style.header}>
        <span className={style.swatch} style={{ background: run ? runColour(run.id) : 'transparent' }} />
        {slot === 'error' && <span className="secondary">Error of</span>}
        <SourceSelect pane={pane} comparison={comparison} />
        {volume.synthetic && <SyntheticBadge />}
        {run && <SeenBadge run={run} volume={volume} />}
        {run?.checkpoint && <PaneMenu run={run} />}
      </header>
      <div className={style.stage}>
        <PaneImage
          {...{ pane, comparison, volume, truth, shared, frame, error, retry, wantsError, title }}
          slice={slice}
        />
      </div>
      <footer className={style.footer}>
        <PaneNumbers pane={pane} volume={volume} meta={frame?.meta ?? null} />
      </footer>
    </section>
  )
}

function PaneMenu({ run }: { run: RunView }) {
  return (
    <Menu position="bottom-end" width={190}>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={`More of run ${run.id}`}>
          <IconDots size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
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
      </Menu.Dropdown>
    </Menu>
  )
}

export function sourceLabel(source: string, { runs }: Comparison): string {
  if (source === 'zero-filled') return 'Sub-sampled input (zero-filled)'
  if (source === 'truth') return 'Ground truth'
  const run = runs.find(({ id }) => `run:${id}` === source)
  return run ? `Run ${run.id} · ${runLabel(run)}` : source
}

function SourceSelect({ pane: { slot, source }, comparison }: { pane: PaneState; comparison: Comparison }) {
  const { runs, study } = comparison
  const data = useMemo(() => {
    const offered = runs.filter(run => run.checkpoint)
    const item = (value: string) => ({ value, label: sourceLabel(value, comparison) })
    const own = offered.filter(run => run.study === study?.name).toReversed()
    const others = offered.filter(run => run.study !== study?.name).toReversed()
    return [
      { group: 'This slice', items: [item('zero-filled'), item('truth')] },
      ...(own.length > 0 ? [{ group: 'Runs of this study', items: own.map(run => item(`run:${run.id}`)) }] : []),
      ...(others.length > 0
        ? [{ group: 'Runs of other studies', items: others.map(run => item(`run:${run.id}`)) }]
        : []),
    ]
  }, [comparison, runs, study])
  return (
    <Select
      aria-label={`Source of the pane ${SLOT_LABEL[slot]}`}
      classNames={{ root: style.select, input: style.selectInput }}
      variant="unstyled"
      data={data}
      value={source}
      placeholder={SLOT_LABEL[slot]}
      onChange={value => pickSource(slot, value)}
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
  readonly truth: Frame | null
  readonly shared: GreyWindow | null
  readonly frame: Frame | null
  readonly error: FrameError | null
  readonly retry: () => void
  readonly wantsError: boolean
  readonly title: string
  readonly slice: number
}

function PaneImage(props: ImageProps) {
  const { pane, comparison, volume, truth, shared, frame, error, retry, wantsError, title, slice } = props
  const { slot, source } = pane
  const own = useView(view => (source ? view.ownWindow[source] : undefined))
  const errorScale = useView(view => view.errorScale)
  // While the next slice is on its way the last one stays, dimmed and named, so that nothing flashes and nothing lies.
  const shown = useRef<{ frame: Frame; key: string; slice: number } | null>(null)
  const key = `${volume.id} ${source}`
  if (frame) shown.current = { frame, key, slice }
  const held = frame ? null : shown.current?.key === key ? shown.current : null
  const current = frame ?? held?.frame ?? null

  const difference = useMemo((): StageImage | null => {
    if (!wantsError || !frame || !truth || frame.image.length !== truth.image.length) return null
    return { values: absoluteDifference(frame.image, truth.image), shape: frame.meta.shape }
  }, [wantsError, frame, truth])
  const image = useMemo(
    (): StageImage | null => current && { values: current.image, shape: current.meta.shape },
    [current],
  )

  if (source === null) return <Empty slot={slot} comparison={comparison} />
  if (source === 'truth' && !volume.targetShape)
    return <p className={style.message}>This file has no ground truth: it is reconstructed, not scored.</p>
  if (slot === 'error' && !volume.targetShape)
    return <p className={style.message}>No ground truth, so no error can be shown.</p>
  if (error) return <Failure error={error} retry={retry} />
  if (!current || !image) return <div className={style.skeleton} role="status" aria-label="Loading" />
  if (wantsError) {
    if (!difference || current.meta.volumeMaximum === null) {
      if (!volume.targetShape) return <p className={style.message}>No ground truth, so no error can be shown.</p>
      return <div className={style.skeleton} role="status" aria-label="Loading" />
    }
    const maximum = current.meta.volumeMaximum / errorScale
    return (
      <>
        <Stage
          image={difference}
          window={{ low: 0, high: maximum }}
          map={INFERNO}
          slices={volume.slices}
          label={`Absolute error of ${title}`}
          unit=""
        />
        <ColourBar map={INFERNO} maximum={maximum} note={`|error|, 1/${errorScale} of the maximum`} />
        <Orientation volume={volume} />
      </>
    )
  }
  const arbitrary = current.meta.units === 'arbitrary'
  const window = arbitrary ? (own ?? fittedOwn(current)) : (shared ?? fittedOwn(current))
  const onWindow = (next: GreyWindow) =>
    useView.setState(state => (arbitrary ? { ownWindow: { ...state.ownWindow, [source]: next } } : { window: next }))
  return (
    <>
      <div className={style.fill} data-held={held ? '' : undefined}>
        <Stage
          image={image}
          window={window}
          map={GREY}
          onWindow={onWindow}
          slices={volume.slices}
          label={title}
          unit={arbitrary ? ' a.u.' : ''}
        />
      </div>
      {held && <output className={style.held}>loading slice {slice + 1} …</output>}
      {arbitrary && (
        <Tooltip label="A pre-trained network has not learned the ground truth’s scale. This pane has a window of its own, and no metric fits it.">
          <span className={style.units}>arbitrary units, own window</span>
        </Tooltip>
      )}
      <Orientation volume={volume} />
    </>
  )
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
        <Button onClick={retry}>Try again</Button>
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

/** SSIM, PSNR, NMSE of the slice and of the volume; the protocol on hover. */
function PaneNumbers({ pane, volume, meta }: { pane: PaneState; volume: StudyVolume; meta: FrameMeta | null }) {
  const mask = useView(view => view.mask)
  const { source, run } = pane
  const scored = source !== null && source !== 'truth' && volume.targetShape !== null && !run?.arbitraryUnits
  const { data, isLoading } = useScore(volume.id, source, versionOf(run), mask, scored && meta !== null)
  if (!scored) {
    const why =
      source === 'truth'
        ? volume.targetShape
          ? 'reference'
          : ''
        : source === null
          ? ''
          : run?.arbitraryUnits
            ? 'arbitrary units: no metric'
            : 'no ground truth: no metric'
    return <p className={style.none}>{why}</p>
  }
  const protocol = data ? protocolText(data.protocol, meta?.acceleration) : 'Protocol: scoring the volume …'
  const volumeScore = data?.score
  return (
    <Tooltip label={<span className={style.protocol}>{protocol}</span>} maw={420}>
      <table className={style.numbers}>
        <thead>
          <tr>
            <th />
            <th>SSIM</th>
            <th>PSNR dB</th>
            <th>NMSE</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th>slice</th>
            <td>{ssim(meta?.metrics?.ssim)}</td>
            <td>{psnr(meta?.metrics?.psnr)}</td>
            <td>{nmse(meta?.metrics?.nmse)}</td>
          </tr>
          <tr aria-busy={isLoading}>
            <th>volume</th>
            <td data-metric="volume-ssim">{isLoading ? '…' : ssim(volumeScore?.ssim)}</td>
            <td>{isLoading ? '…' : psnr(volumeScore?.psnr)}</td>
            <td>{isLoading ? '…' : nmse(volumeScore?.nmse)}</td>
          </tr>
        </tbody>
      </table>
    </Tooltip>
  )
}
