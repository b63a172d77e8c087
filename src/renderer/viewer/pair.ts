/** Two panes in one place: swiped, blinked between, or laid over each other. */
import type { Pair } from './marks.ts'
import { choicesOf, useView } from './view.ts'

const START: Omit<Pair, 'mode' | 'first' | 'second'> = { edge: 'vertical', share: 0.5, rate: 2 }

/** Alt and a click: the first of a pair, then the second, which opens it. */
export function pickForPair(pane: number): void {
  const { picked } = useView.getState()
  if (picked === null || picked === pane) useView.setState({ picked: picked === pane ? null : pane })
  else useView.setState({ picked: null, pair: { ...START, mode: 'swipe', first: picked, second: pane } })
}

/** The pane in focus with the ground truth, or with the first pane that is another. */
function pairOfFocus(): Pick<Pair, 'first' | 'second'> | null {
  const view = useView.getState()
  const choices = choicesOf(view)
  const others = [...choices.keys()].filter(pane => pane !== view.focus)
  const second = others.find(pane => choices[pane].slot === 'truth') ?? others[0]
  return second === undefined ? null : { first: view.focus, second }
}

/** Compares two panes in this mode; closes the comparison if it has this mode already. */
export function compareBy(mode: Pair['mode']): void {
  const { pair } = useView.getState()
  const panes = pair ?? pairOfFocus()
  if (pair?.mode === mode) leavePair()
  else if (panes) useView.setState({ pair: { ...START, ...panes, mode } })
}

export function changePair(changes: Partial<Pair>): void {
  const { pair } = useView.getState()
  if (pair) useView.setState({ pair: { ...pair, ...changes } })
}

export const leavePair = () => useView.setState({ pair: null, picked: null })
