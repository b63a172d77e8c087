/** What a figure is asked for with, from the panes as they are seen and the dialog's choices. */
import type { FigureFormat, FigureInput, Share } from '../../contract/figure.ts'
import { cascadeInWords } from '../viewer/cascades.ts'
import { keptFrame } from '../viewer/frames.ts'
import { box, type Shape } from '../viewer/marks.ts'
import { type Comparison, type PaneState, SHOW_LABEL, SLOT_LABEL, shortLabel, urlOf } from '../viewer/sources.ts'
import { useView } from '../viewer/view.ts'
import { coloursOf, fileWindow, windowNow, windowSource } from '../viewer/windows.ts'

export interface Choices {
  readonly columns: number
  readonly errorRow: boolean
  readonly inset: boolean
  readonly labels: boolean
  readonly metrics: boolean
  readonly colourBar: boolean
  readonly width: number
  readonly dpi: number
  readonly format: FigureFormat
}

/** A rectangle as a part of the image. */
export function shareOf(shape: Shape): Share {
  const { left, top, right, bottom } = box(shape)
  const inside = (value: number) => Math.min(1, Math.max(0, value))
  const [x, y] = [inside(left), inside(top)]
  return { x, y, width: inside(right) - x, height: inside(bottom) - y }
}

function labelOf(pane: PaneState): string {
  const { slot, show, run, layer, channel, cascade, coil = null } = pane
  const source = run ? `${SLOT_LABEL[slot === 'error' ? 'fine-tuned' : slot]}, run ${run.id}` : shortLabel(pane)
  const name = coil === null ? source : `${source}, coil ${coil + 1}`
  if (show === 'image') return name
  if (show === 'feature') return `${layer}, channel ${(channel ?? 0) + 1}: ${name}`
  if (cascade !== undefined) return `${cascade === 0 ? 'Input' : `After ${cascadeInWords(cascade)}`}: ${name}`
  return show === 'error' ? `Error: ${run ? `run ${run.id}` : shortLabel(pane)}` : `${SHOW_LABEL[show]}: ${name}`
}

/** Panes of the figure that have a source but no image. */
export function leftOut(missing: number): string {
  if (missing === 0) return ''
  return missing === 1
    ? '1 pane has no image yet and is left out.'
    : `${missing} panes have no image yet and are left out.`
}

/** The panes that have an image, as they are seen. */
export function panesOf({ panes, volume }: Comparison): FigureInput['panes'] {
  const view = useView.getState()
  const { windows, link, errorScale, signedErrors, colours } = view
  return panes.flatMap(pane => {
    const url = volume && urlOf(view, pane, volume)
    const frame = url && keptFrame(url)
    if (!frame || pane.source === null) return []
    const found = windowSource({ pane: pane.pane, source: pane.source }, frame, {
      linked: link.window,
      file: fileWindow(volume),
    })
    const isError = pane.show === 'error'
    const show = pane.show === 'error' ? 'image' : pane.show
    return [
      {
        source: pane.source,
        show,
        layer: pane.layer,
        channel: pane.channel,
        cascade: pane.cascade,
        coil: pane.coil,
        label: labelOf(pane),
        window: windowNow(found, windows),
        map: coloursOf(show, colours, false),
        error: isError ? { scale: errorScale, signed: signedErrors } : null,
      },
    ]
  })
}
