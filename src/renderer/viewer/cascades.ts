/** Which cascade a pane shows. Only networks that repeat cascades have some to choose. */
import type { RunView } from '../../contract/runs.ts'
import type { PaneChoice, PaneShow } from './layouts.ts'
import { changePane } from './view.ts'

export interface PaneCascade {
  /** Its place in the layout, from 0. */
  readonly pane: number
  /** 0: the network's input. Absent: there is no cascade to choose. */
  readonly cascade?: number
  readonly run: Pick<RunView, 'cascades'> | null
}

/** The last cascade unless another was chosen. Another run may have fewer cascades. */
export function cascadeOf(
  { cascade, show }: { readonly cascade?: PaneChoice['cascade']; readonly show: PaneShow },
  run: Pick<RunView, 'cascades'> | null,
): number | undefined {
  if (show !== 'cascade' || !run || run.cascades === 0) return undefined
  return Math.min(cascade ?? run.cascades, run.cascades)
}

export function goToCascade({ pane, cascade, run }: PaneCascade, to: number): void {
  if (cascade === undefined || !run) return
  changePane(pane, { cascade: Math.max(0, Math.min(run.cascades, to)) })
}

/** 'cascade 3 of', 'input of', before the name of a run. */
export const cascadeInWords = (cascade: number): string => (cascade === 0 ? 'input' : `cascade ${cascade}`)
