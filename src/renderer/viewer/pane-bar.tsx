/** The colour bar of a pane. */
import { useShallow } from 'zustand/react/shallow'
import type { FrameMeta } from '../../contract/images.ts'
import { ColourBar, ColourWheel } from './colour-bar.tsx'
import type { PaneLayer } from './layer.ts'
import { useView } from './view.ts'
import { windowNow } from './windows.ts'

export const UNITS: Readonly<Record<FrameMeta['units'], string>> = {
  signal: '',
  arbitrary: ' a.u.',
  ssim: '',
  log: ' log₁₀',
  radians: ' rad',
  share: '',
}

/** The scale of everything that is no plain image. */
export function PaneBar({ drawn: { layer, colours, isError, frame } }: { drawn: PaneLayer }) {
  const scale = useView(view => view.errorScale)
  const window = useView(useShallow(view => (layer ? windowNow(layer.window, view.windows) : null)))
  if (!layer || !window || !frame) return null
  const isImage = frame.meta.show === 'image' || frame.meta.show === 'cascade'
  if (isImage && !isError && colours === 'grey') return null
  const { low, high } = window
  const { second } = layer
  if (second?.kind === 'phase') return <ColourWheel low={low} high={high} />
  const marked = second?.kind === 'mark' && second.values.includes(1)
  const note = isError ? `1/${scale} of the maximum` : UNITS[frame.meta.units].trim()
  return <ColourBar map={layer.map} low={low} high={high} note={note} marked={marked} />
}
