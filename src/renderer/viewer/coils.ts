/** Which coil a pane shows. Images of networks and of the ground truth combine all coils: there is none to choose. */
import { hasCoils } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { PaneChoice, PaneShow } from './layouts.ts'
import { changePane } from './view.ts'

export interface PaneCoil {
  /** Its place in the layout, from 0. */
  readonly pane: number
  readonly show: PaneShow
  /** From 0. `null`: all coils, combined. Absent: there is no coil to choose. */
  readonly coil?: number | null
  readonly run?: Giving | null
}

type Giving = Pick<RunView, 'gives'>

/** Whether only single coils can be shown. A phase of all coils needs a complex image that combines the coils. */
const isOfOneCoil = (show: PaneShow, run?: Giving | null) => show === 'phase' && !run?.gives.includes('complex image')

/** Where only single coils can be shown, the first coil stands for all coils. */
export function coilOf(
  { coil: chosen = null, show }: Pick<PaneChoice, 'coil' | 'show'>,
  source: string | null,
  volume: StudyVolume | null,
  run: Giving | null = null,
): number | null | undefined {
  if (!volume || volume.coils === 1 || source === null || !hasCoils(source, show, run?.gives)) return undefined
  if (source === 'truth' && !volume.targetShape) return undefined
  const coil = chosen !== null && chosen < volume.coils ? chosen : null
  return isOfOneCoil(show, run) ? (coil ?? 0) : coil
}

/** The coil that is `by` steps on, counted from 0, or `null` for all coils. Absent: there is no such coil. */
export function coilAfter({ show, coil, run }: PaneCoil, coils: number, by: number): number | null | undefined {
  if (coil === undefined) return undefined
  const [all, next] = [-1, (coil ?? -1) + by]
  if (next >= coils || next < (isOfOneCoil(show, run) ? 0 : all)) return undefined
  return next === all ? null : next
}

export function stepCoil(pane: PaneCoil, coils: number, by: number): void {
  const coil = coilAfter(pane, coils, by)
  if (coil !== undefined) changePane(pane.pane, { coil })
}
