/** Two panes in the place of all: swipe, blink, overlay. */
import { ActionIcon, Button, SegmentedControl, Select, Slider, Tooltip } from '@mantine/core'
import { useReducedMotion } from '@mantine/hooks'
import { IconArrowsExchange, IconFlipHorizontal, IconFlipVertical, IconX } from '@tabler/icons-react'
import { type PointerEvent, useEffect, useState } from 'react'
import type { StudyVolume } from '../../contract/studies.ts'
import { runColour } from '../../presentation/colours.ts'
import { takeLostFocus } from '../widgets/focus.ts'
import { cascadeInWords } from './cascades.ts'
import { Caution } from './caution.tsx'
import { Computing } from './computing.tsx'
import { type FrameError, STOPPED } from './frames.ts'
import { isWaiting, type PaneLayer, usePaneLayer } from './layer.ts'
import type { Pair } from './marks.ts'
import { changePair, leavePair } from './pair.ts'
import style from './pair-stage.module.css'
import { PaneBar } from './pane-bar.tsx'
import { type Comparison, isClassical, type PaneState, SHOW_LABEL, SLOT_LABEL, sourceLabel } from './sources.ts'
import { Stage } from './stage.tsx'

/** Changes a second; 0: by hand. */
const RATES = [0, 0.5, 1, 2, 4, 8]

interface Props {
  readonly pair: Pair
  readonly comparison: Comparison
  readonly volume: StudyVolume
}

function nameOf({ source, slot, show, run, coil = null, cascade }: PaneState, comparison: Comparison) {
  const label = source === null ? SLOT_LABEL[slot] : sourceLabel(source, comparison)
  const name = coil === null ? label : `${label}, coil ${coil + 1}`
  const shown =
    cascade === undefined ? show !== 'image' && show !== 'feature' && SHOW_LABEL[show] : cascadeInWords(cascade)
  const text = shown ? `${shown} · ${name}` : name
  return { text, colour: run ? runColour(run.id) : 'transparent' }
}

/** Which of two is seen, in turns. */
function useTurns(rate: number): [turn: boolean, flip: () => void] {
  const [turn, setTurn] = useState(false)
  useEffect(() => {
    if (rate === 0) return
    const timer = setInterval(() => setTurn(now => !now), 1000 / rate)
    return () => clearInterval(timer)
  }, [rate])
  return [turn, () => setTurn(!turn)]
}

export function PairStage({ pair, comparison, volume }: Props) {
  const [first, second] = [comparison.panes[pair.first], comparison.panes[pair.second]]
  const [below, above] = [usePaneLayer(first, volume), usePaneLayer(second, volume)]
  const still = useReducedMotion()
  const rate = pair.mode === 'blink' && !still ? pair.rate : 0
  const [turn, flip] = useTurns(rate)
  const names = [nameOf(first, comparison), nameOf(second, comparison)]
  const both: readonly Drawn[] = [
    { drawn: below, name: names[0].text, pane: first },
    { drawn: above, name: names[1].text, pane: second },
  ]
  const ready = below.layer && above.layer && !below.error && !above.error
  return (
    <section className={style.pair} aria-label="Comparison of two panes" data-mode={pair.mode}>
      <PairHead {...{ pair, names, turn, rate, still, flip }} />
      <div className={style.stage}>
        {ready ? (
          <>
            <div className={style.fill} data-held={below.held || above.held || undefined}>
              <Stage
                pane={pair.first}
                layer={below.layer!}
                mix={{ ...pair, layer: above.layer!, turn }}
                slices={volume.slices}
                marks={!below.layer!.tiles && !above.layer!.tiles}
                label={`${names[0].text} and ${names[1].text}`}
                unit=""
              />
            </div>
            <PaneBar drawn={turn && pair.mode === 'blink' ? above : below} />
            {pair.mode === 'swipe' && <Edge pair={pair} />}
            <Cautions both={both} />
            {computingOf(both)}
          </>
        ) : (
          <Missing both={both} />
        )}
      </div>
    </section>
  )
}

interface Drawn {
  readonly drawn: PaneLayer
  readonly name: string
  readonly pane: PaneState
}

/** What may spoil either image. */
function Cautions({ both }: { readonly both: readonly Drawn[] }) {
  const cautions = both.flatMap(({ drawn, name }) =>
    isWaiting(drawn) ? [] : drawn.cautions.map(caution => `${name}: ${caution}`),
  )
  return cautions.length > 0 && <Caution cautions={cautions} />
}

/** The classical image that the two wait for; `null` if they wait for none. */
function computingOf(both: readonly Drawn[]) {
  const computed = both.find(({ drawn, pane }) => isWaiting(drawn) && isClassical(pane))
  return computed ? <Computing url={computed.drawn.url!} title={computed.name} /> : null
}

/** Why the two are not seen yet. */
function Missing({ both }: { readonly both: readonly Drawn[] }) {
  const failed = both.filter(({ drawn }) => drawn.error)
  if (failed.length === 0) return computingOf(both) ?? <p className={style.message}>Loading both images …</p>
  return (
    <div className={style.message}>
      {failed.map(({ drawn: { error, retry }, name, pane }) => (
        <div key={pane.pane} role={error === STOPPED ? undefined : 'alert'}>
          <p>
            {name}: {error === STOPPED ? 'stopped.' : error!.message}
          </p>
          <Button ref={takeLostFocus} size="compact-xs" aria-label={`${again(error)}: ${name}`} onClick={retry}>
            {again(error)}
          </Button>
        </div>
      ))}
    </div>
  )
}

const again = (error: FrameError | null) => (error === STOPPED ? 'Compute again' : 'Try again')

interface ControlsProps {
  readonly pair: Pair
  /** Changes a second; 0: by hand. */
  readonly rate: number
  /** The user wants no motion. */
  readonly still: boolean
  readonly flip: () => void
}

interface HeadProps extends ControlsProps {
  readonly names: readonly { readonly text: string; readonly colour: string }[]
  /** Blink: whether the second is seen now. */
  readonly turn: boolean
}

function PairHead({ pair, names, turn, rate, still, flip }: HeadProps) {
  return (
    <header className={style.head}>
      <SegmentedControl
        aria-label="Comparison mode"
        value={pair.mode}
        onChange={value => changePair({ mode: value as Pair['mode'] })}
        data={[
          { value: 'swipe', label: 'Swipe' },
          { value: 'blink', label: 'Blink' },
          { value: 'overlay', label: 'Overlay' },
        ]}
      />
      {names.map(({ text, colour }, i) => (
        <span
          key={i === 0 ? 'first' : 'second'}
          className={style.name}
          data-seen={pair.mode !== 'blink' || turn === (i === 1) || undefined}
        >
          <span className={style.swatch} style={{ background: colour }} />
          <span className="truncate" title={text}>
            {text}
          </span>
        </span>
      ))}
      <Tooltip label="Swap the two images">
        <ActionIcon
          aria-label="Swap the two images"
          onClick={() => changePair({ first: pair.second, second: pair.first })}
        >
          <IconArrowsExchange size={16} />
        </ActionIcon>
      </Tooltip>
      <span className={style.spacer} />
      <PairControls {...{ pair, rate, still, flip }} />
      <Tooltip label="Close the comparison (Esc)">
        <ActionIcon aria-label="Close the comparison" onClick={leavePair}>
          <IconX size={16} />
        </ActionIcon>
      </Tooltip>
    </header>
  )
}

/** What the way of comparing has to set. */
function PairControls({ pair, rate, still, flip }: ControlsProps) {
  return (
    <>
      {pair.mode === 'swipe' && (
        <Tooltip label="Rotate the divider">
          <ActionIcon
            aria-label="Rotate the divider"
            onClick={() => changePair({ edge: pair.edge === 'vertical' ? 'horizontal' : 'vertical' })}
          >
            {pair.edge === 'vertical' ? <IconFlipHorizontal size={16} /> : <IconFlipVertical size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
      {pair.mode === 'blink' && (
        <>
          <Select
            aria-label="Changes per second"
            w={104}
            data={RATES.map(each => ({ value: String(each), label: each === 0 ? 'by hand' : `${each} per second` }))}
            value={String(rate)}
            disabled={still}
            onChange={value => changePair({ rate: Number(value) })}
            allowDeselect={false}
          />
          {rate === 0 && <Button onClick={flip}>Flip images</Button>}
        </>
      )}
      {pair.mode === 'overlay' && (
        <Slider
          thumbLabel="Opacity of the second image"
          w={140}
          min={0}
          max={1}
          step={0.01}
          value={pair.share}
          label={value => `${Math.round(100 * value)} %`}
          onChange={share => changePair({ share })}
        />
      )}
    </>
  )
}

/** The edge between the two, to be dragged. */
function Edge({ pair: { edge, share } }: { pair: Pair }) {
  const vertical = edge === 'vertical'
  const follow = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    const box = event.currentTarget.parentElement!.getBoundingClientRect()
    const at = vertical ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height
    changePair({ share: Math.min(1, Math.max(0, at)) })
  }
  const step = (by: number) => changePair({ share: Math.min(1, Math.max(0, share + by)) })
  return (
    <div
      className={style.edge}
      data-edge={edge}
      style={{ [vertical ? 'left' : 'top']: `${100 * share}%` }}
      role="slider"
      tabIndex={0}
      aria-label="Divider between the two images"
      aria-orientation={vertical ? 'horizontal' : 'vertical'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * share)}
      onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={follow}
      onKeyDown={event => {
        const by = { ArrowLeft: -0.02, ArrowUp: -0.02, ArrowRight: 0.02, ArrowDown: 0.02 }[event.key]
        if (by === undefined) return
        event.preventDefault()
        event.stopPropagation()
        step(by)
      }}
    />
  )
}
