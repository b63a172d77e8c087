/** What is measured in the region or along the line that is selected, in every pane at once. */
import { ActionIcon, Button, FileButton, Tooltip } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { classicalSource } from '../../contract/classical.ts'
import { framePath } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { runColour } from '../../presentation/colours.ts'
import { formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { signal } from '../app/format.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { cascadeInWords } from '../viewer/cascades.ts'
import { type Frame, useFrame } from '../viewer/frames.ts'
import { useTruth } from '../viewer/layer.ts'
import type { Shape } from '../viewer/marks.ts'
import {
  errorIn,
  fastmriPlusBoxes,
  histogramOf,
  lengthOf,
  meanIn,
  pixelsIn,
  profileOf,
  spreadIn,
} from '../viewer/measure.ts'
import { addShapes, removeShape, selectShape, shapesOf } from '../viewer/shapes.ts'
import {
  type Comparison,
  inputPath,
  type PaneState,
  SHOW_LABEL,
  shortLabel,
  usePlace,
  useUrls,
} from '../viewer/sources.ts'
import { versionOf } from '../viewer/versions.ts'
import { useView } from '../viewer/view.ts'
import { Plot } from '../widgets/plot.tsx'
import { token } from '../widgets/token.ts'
import { MetricsHead } from './metrics-head.tsx'
import style from './side-panel.module.css'

export function MeasurePanel({ comparison, volume }: { comparison: Comparison; volume: StudyVolume }) {
  const { shapes, selected, slice } = useView(
    useShallow(view => ({ shapes: shapesOf(view), selected: view.selected, slice: view.slice })),
  )
  const here = shapes.filter(shape => shape.slice === null || shape.slice === slice)
  const shape = here.find(({ id }) => id === selected)
  return (
    <section className={style.section} aria-label="Measurements">
      <h2 className={style.heading}>
        Measurements
        <BoxesButton volume={volume} comparison={comparison} />
      </h2>
      {here.length === 0 && (
        <p className="secondary">Draw a rectangle (R), an ellipse (O) or a line (L) on an image.</p>
      )}
      {here.length > 0 && (
        <ul className={style.shapes}>
          {here.map(({ id, label }) => (
            <li key={id} data-selected={id === selected || undefined}>
              <button type="button" className="truncate" onClick={() => selectShape(id === selected ? null : id)}>
                {label}
              </button>
              <Tooltip label="Remove (Del)">
                <ActionIcon size="sm" aria-label={`Remove ${label}`} onClick={() => removeShape(id)}>
                  <IconTrash size={14} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
      )}
      {shape &&
        (shape.kind === 'line' ? (
          <Line {...{ shape, comparison, volume }} />
        ) : (
          <Region {...{ shape, comparison, volume }} />
        ))}
    </section>
  )
}

function BoxesButton({ volume, comparison }: { volume: StudyVolume; comparison: Comparison }) {
  const hasInput = comparison.panes.some(({ source }) => source === 'zero-filled')
  const { frame } = useFrame(useView(view => (hasInput ? inputPath(volume, view.slice, view) : null)))
  const read = async (file: File | null) => {
    if (!file || !frame) return
    const boxes = fastmriPlusBoxes(await file.text(), volume.file, frame.meta.shape)
    if (boxes.length === 0)
      return tellError(
        new Error(
          `${file.name} has no box for ${volume.file}. Expected columns: file, slice, x, y, width, height, label.`,
        ),
        'No box was added',
      )
    addShapes(boxes)
    tellDone(
      `${boxes.length} boxes of ${file.name} were added, on ${new Set(boxes.map(box => box.slice)).size} slices.`,
    )
  }
  return (
    <FileButton accept=".csv,text/csv" onChange={file => void read(file)}>
      {props => (
        <Tooltip label="Import a radiologist’s boxes from a table of fastMRI+ (.csv) as regions">
          <Button size="compact-xs" {...props}>
            Import boxes…
          </Button>
        </Tooltip>
      )}
    </FileButton>
  )
}

/** What can be measured in: images and what else is a map of the same pixels. */
const MEASURABLE = ['image', 'error', 'mean', 'spread', 'phase', 'cascade']

const measurable = ({ source, show }: PaneState) => source !== null && MEASURABLE.includes(show)

const nameOf = ({ show, coil = null, cascade, ...pane }: PaneState) =>
  [
    shortLabel(pane),
    coil !== null && `coil ${coil + 1}`,
    cascade === undefined
      ? show !== 'image' && show !== 'error' && show !== 'feature' && SHOW_LABEL[show]
      : cascadeInWords(cascade),
  ]
    .filter(Boolean)
    .join(', ')

interface Measured {
  readonly pane: PaneState
  readonly url: string | null
}

/** Panes that can be measured in, without those that show the same again. */
function useMeasured(panes: readonly PaneState[], volume: StudyVolume): readonly Measured[] {
  const urls = useUrls(panes, volume)
  return panes.flatMap((pane, i) => (measurable(pane) && urls.indexOf(urls[i]) === i ? [{ pane, url: urls[i] }] : []))
}

function Region({ shape, comparison, volume }: { shape: Shape; comparison: Comparison; volume: StudyVolume }) {
  const panes = useMeasured(comparison.panes, volume)
  return (
    <>
      <table className={style.table}>
        <MetricsHead />
        {panes.map(({ pane }) => (
          <RegionRows key={pane.pane} {...{ pane, shape, volume }} />
        ))}
      </table>
      <Histogram shape={shape} panes={panes} />
      <p className="secondary">
        This slice only: mean ± SD of the pixels. SSIM is the mean of its map (7 × 7). PSNR is relative to the volume’s
        maximum.
      </p>
    </>
  )
}

function RegionRows({ pane, shape, volume }: { pane: PaneState; shape: Shape; volume: StudyVolume }) {
  const { mask, seed } = useView(useShallow(({ mask, seed }) => ({ mask, seed })))
  const { slice, url } = usePlace(pane, volume)
  const { frame } = useFrame(url)
  const truth = useTruth(volume, slice)
  const compared =
    pane.source !== 'truth' &&
    volume.targetShape !== null &&
    (pane.coil ?? null) === null &&
    frame?.meta.show === 'image' &&
    frame.meta.units === 'signal'
  const map = useFrame(
    compared
      ? framePath(volume.id, slice, pane.source!, mask, { version: versionOf(volume, pane.run), show: 'ssim', seed })
      : null,
  ).frame
  const numbers = useMemo(() => {
    if (!frame) return null
    const pixels = pixelsIn(shape, frame.meta.shape)
    if (pixels.length === 0) return null
    const range = frame.meta.volumeMaximum
    return {
      ...spreadIn(frame.image, pixels),
      error: compared && truth && range ? errorIn(frame.image, truth.image, pixels, range) : null,
      ssim: map ? meanIn(map.image, pixels) : null,
    }
  }, [frame, truth, map, shape, compared])
  return (
    <tbody>
      <tr>
        <th title={nameOf(pane)}>{nameOf(pane)}</th>
        <td>{formatSsim(numbers?.ssim)}</td>
        <td>{formatPsnr(numbers?.error?.psnr)}</td>
        <td>{formatNmse(numbers?.error?.nmse)}</td>
      </tr>
      <tr className={style.under}>
        <td colSpan={4}>{numbers ? `${signal(numbers.mean)} ± ${signal(numbers.sd)}` : '…'}</td>
      </tr>
    </tbody>
  )
}

interface Shown {
  readonly pane: PaneState
  readonly frame: Frame
}

/** The frames of panes that are there: as many hooks as panes, whose number a layout fixes. */
function useFrames(panes: readonly Measured[]): Shown[] {
  const nine = Array.from({ length: 9 }, (_, i) => panes[i] ?? null)
  const frames = nine.map(measured => useFrame(measured?.url ?? null).frame)
  return nine.flatMap((measured, i) => {
    const frame = frames[i]
    return measured && frame ? [{ pane: measured.pane, frame }] : []
  })
}

const colourOf = ({ pane: { run, source } }: Shown) =>
  run ? runColour(run.id) : token(source === 'truth' ? '--text' : '--secondary')

/** Only runs have colours of their own. */
const DASHES = { sense: 'dot', 'cg-sense': 'dash', 'l1-wavelet': 'dashdot', 'total-variation': 'longdash' } as const

const lineOf = (shown: Shown) => {
  const method = classicalSource(shown.pane.source ?? '')?.method
  return { color: colourOf(shown), ...(method && { dash: DASHES[method] }) }
}

function Histogram({ shape, panes }: { shape: Shape; panes: readonly Measured[] }) {
  const shown = useFrames(panes).filter(({ frame }) => frame.meta.units === 'signal' && frame.meta.show === 'image')
  const high = Math.max(...shown.map(({ frame }) => frame.meta.maximum))
  if (shown.length === 0) return null
  return (
    <div className={style.plot}>
      <Plot
        label="Histogram of the region in every pane"
        compact
        x="value"
        y="pixels"
        data={shown.map(each => {
          const { at, counts } = histogramOf(each.frame.image, pixelsIn(shape, each.frame.meta.shape), 0, high)
          return {
            type: 'scatter',
            mode: 'lines',
            line: { shape: 'hvh', width: 1.25, ...lineOf(each) },
            x: at,
            y: counts,
            name: nameOf(each.pane),
          }
        })}
      />
    </div>
  )
}

function Line({ shape, comparison, volume }: { shape: Shape; comparison: Comparison; volume: StudyVolume }) {
  const shown = useFrames(useMeasured(comparison.panes, volume)).filter(({ frame }) => frame.meta.units === 'signal')
  const [first] = shown
  if (!first) return null
  const size = first.frame.meta.shape
  // A line lies on all panes: where the pixels of one are not known, neither is its length.
  const pixelSize = shown.every(({ frame }) => frame.meta.pixelSize) ? first.frame.meta.pixelSize : undefined
  return (
    <>
      <p>
        {pixelSize && `${lengthOf(shape, size, pixelSize).toFixed(1)} mm, `}
        {lengthOf(shape, size).toFixed(1)} pixels
        {!pixelSize && <span className="secondary"> (pixel size unknown)</span>}
      </p>
      <div className={style.plot}>
        <Plot
          label="Profile along the line in every pane"
          compact
          x="pixels"
          y="value"
          data={shown.map(each => {
            const { at, values } = profileOf(each.frame.image, each.frame.meta.shape, shape)
            return {
              type: 'scatter',
              mode: 'lines',
              line: { width: 1.5, ...lineOf(each) },
              x: at,
              y: values,
              name: nameOf(each.pane),
            }
          })}
        />
      </div>
    </>
  )
}
