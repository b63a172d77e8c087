/** A pane's image, or why there is none and what to do. */

import { Button, Tooltip } from '@mantine/core'
import { slicePosition } from '../../contract/directions.ts'
import { isOfKspace } from '../../contract/images.ts'
import type { Origin } from '../../contract/origin.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { goToScreen } from '../app/navigation.ts'
import { FineTuneButton } from '../widgets/fine-tune.tsx'
import { takeLostFocus } from '../widgets/focus.ts'
import { Caution } from './caution.tsx'
import { Computing } from './computing.tsx'
import { type FrameError, STOPPED } from './frames.ts'
import { isWaiting, type PaneLayer } from './layer.ts'
import { kspaceCaution, seenOrigin } from './network-cautions.ts'
import style from './pane.module.css'
import { PaneBar, UNITS } from './pane-bar.tsx'
import { type Comparison, isClassical, type PaneState } from './sources.ts'
import { Stage } from './stage.tsx'

const NO_RUN = {
  pretrained: 'No pre-trained network on this study yet.',
  'fine-tuned': 'No fine-tuned network on this study yet.',
  baseline: 'No baseline on this study yet.',
} as const

interface ImageProps {
  readonly pane: PaneState
  readonly comparison: Comparison
  readonly volume: StudyVolume
  readonly drawn: PaneLayer
  readonly title: string
}

export function PaneImage({ pane, comparison, volume, drawn, title }: ImageProps) {
  const { slot, source, show } = pane
  const { slice, url, layer, frame, held, cautions, isError, error, retry } = drawn
  const computing = url !== null && isClassical(pane) && isWaiting(drawn) && <Computing {...{ url, title }} />
  if (source === null) return <Empty slot={slot} comparison={comparison} />
  if (source === 'truth' && !volume.targetShape)
    return <p className={style.message}>This file has no ground truth. It can be reconstructed but not scored.</p>
  if (isError && !volume.targetShape)
    return <p className={style.message}>Without ground truth there is no error to show.</p>
  if (error) return <Failure error={error} retry={retry} />
  if (isError && frame?.meta.units === 'arbitrary')
    return <p className={style.message}>Arbitrary units: a pre-trained network’s output has no error to show.</p>
  if (!layer || !frame) return computing || <div className={style.skeleton} role="status" aria-label="Loading" />
  const arbitrary = frame.meta.units === 'arbitrary'
  const inKspace = isOfKspace(show)
  const marks = !inKspace && !frame.meta.tiles
  return (
    <>
      <div className={style.fill} data-held={held || undefined}>
        <Stage
          pane={pane.pane}
          layer={layer}
          slices={volume.slices}
          marks={marks}
          label={isError ? `Error of ${title}` : title}
          unit={isError ? '' : UNITS[frame.meta.units]}
        />
      </div>
      <PaneBar drawn={drawn} />
      {held && (
        <output className={style.held}>
          {computing ? 'computing' : 'loading'} slice {slice + 1} …
        </output>
      )}
      {held && computing}
      {!held && <Told cautions={cautions} origin={seenOrigin(pane.run, volume)} />}
      {arbitrary && (
        <Tooltip
          label={
            'A pre-trained network does not know the scale of the ground truth. This pane therefore has its own ' +
            'window and no metrics.'
          }
        >
          <span className={style.units}>arbitrary units, own window</span>
        </Tooltip>
      )}
      {!inKspace && <Orientation volume={volume} slice={slice} />}
    </>
  )
}

/** What may spoil the image, and that a network's k-space is not measured. */
function Told({ cautions, origin }: { readonly cautions: readonly string[]; readonly origin: Origin }) {
  const caution = kspaceCaution(origin)
  if (cautions.length === 0 && caution === null) return null
  return (
    <div className={style.told}>
      {cautions.length > 0 && <Caution cautions={cautions} />}
      {caution && (
        <Tooltip label={caution} maw={420}>
          <span className={style.origin}>{origin} k-space</span>
        </Tooltip>
      )}
    </div>
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
  if (study?.kind === 'scans') return <p className={style.message}>Choose a run above to reconstruct this file.</p>
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
  if (error === STOPPED)
    return (
      <div className={style.message}>
        <p>{error.message}</p>
        <Button ref={takeLostFocus} size="compact-xs" onClick={retry}>
          Compute again
        </Button>
      </div>
    )
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

/** Letters at the four sides where the file says how the patient lay, and where the slice is; else that it does not. */
function Orientation({ volume: { orientation, geometry }, slice }: { volume: StudyVolume; slice: number }) {
  if (!orientation) return <span className={style.unknown}>orientation unknown</span>
  const [right, down] = orientation
  const position = geometry && slicePosition(geometry, slice)
  return (
    <>
      {position && <span className={style.position}>{position}</span>}
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
