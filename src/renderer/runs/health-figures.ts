/** How a pre-training does, from its log: the loss against its chance level, and the method's own figures by epoch. */
import { type MethodFigure, referenceKeys, referenceValue } from '../../contract/methods.ts'
import { notesOf } from '../../contract/notes.ts'
import { HELD_OUT_CHANCE, type LoggedEvent, OWN_LOSS } from '../../contract/runs.ts'
import type { Points } from './curves.ts'

export interface HealthFigure {
  readonly name: string
  readonly label: string
  /** In a line. */
  readonly meaning: string
  /** The figure is drawn as a level beside the loss, because it is in the loss's units. */
  readonly isLoss: boolean
  readonly points: Points
  /** Smallest and largest possible value. */
  readonly bounds: readonly [number, number] | null
  /** A value to compare with. */
  readonly level: { readonly value: number; readonly label: string } | null
}

type Lines = Map<string, { x: number[]; y: number[] }>
type Values = Readonly<Record<string, number>>

/** Figures of the log by name, in the order in which they came. */
function linesOf(events: readonly LoggedEvent[]): Lines {
  const points: Lines = new Map()
  for (const { event } of events) {
    if (event.type !== 'epoch') continue
    for (const [name, value] of Object.entries(event.figures.extra)) {
      const line = points.get(name) ?? { x: [], y: [] }
      line.x.push(event.figures.epoch)
      line.y.push(value)
      points.set(name, line)
    }
  }
  return points
}

/**
 * The training loss without the reconstruction term, and the chance level of the held-out loss; `null` if the log has
 * none.
 */
export function ownLossesOf(events: readonly LoggedEvent[]): { training: Points | null; heldOutChance: number | null } {
  const lines = linesOf(events)
  return { training: lines.get(OWN_LOSS) ?? null, heldOutChance: lines.get(HELD_OUT_CHANCE)?.y.at(-1) ?? null }
}

function levelOf({ chance, most, collapse }: MethodFigure, last: Values): HealthFigure['level'] {
  const [chanceValue, mostValue] = [referenceValue(chance, last), referenceValue(most, last)]
  if (typeof most === 'string' && mostValue) return { value: mostValue, label: 'all' }
  if (chanceValue !== undefined) return { value: chanceValue, label: 'chance' }
  return collapse ? { value: 0, label: 'collapsed' } : null
}

function meaningOf({ meaning, better, chance, most }: MethodFigure, last: Values): string {
  const [chanceValue, mostValue] = [referenceValue(chance, last), referenceValue(most, last)]
  const ofMost = typeof most === 'string' && mostValue ? `, of ${mostValue}` : ''
  const phrases = [`${meaning}${ofMost}`]
  if (typeof chance === 'number') phrases.push(`chance is ${100 * chance} %`)
  else if (chanceValue !== undefined) phrases.push(`chance is 1 of ${Math.round(1 / chanceValue)}`)
  if (better) phrases.push(`${better} is better`)
  return phrases.join('; ')
}

/** A figure that no method declares: of a program with other methods. */
const undeclared = (id: string): MethodFigure => ({ id, label: id, meaning: '', unit: 'count', better: null })

/** The method's figures as declared, in the order of the log. */
export function healthOf(events: readonly LoggedEvent[], declared: readonly MethodFigure[]): HealthFigure[] {
  const lines = linesOf(events)
  const last: Values = Object.fromEntries([...lines].map(([name, { y }]) => [name, y.at(-1)!]))
  const references = new Set([OWN_LOSS, HELD_OUT_CHANCE, ...referenceKeys(declared)])
  return [...lines].flatMap(([name, points]): HealthFigure[] => {
    if (references.has(name)) return []
    const figure = declared.find(({ id }) => id === name) ?? undeclared(name)
    const most = referenceValue(figure.most, last)
    return [
      {
        name,
        label: figure.label,
        meaning: meaningOf(figure, last),
        isLoss: figure.unit === 'loss',
        points,
        bounds: most ? [0, most] : null,
        level: levelOf(figure, last),
      },
    ]
  })
}

export interface Warning {
  readonly text: string
  /** The epoch before the warning; `null`: none. The fault may be over by now. */
  readonly epoch: number | null
}

/** A pre-training's warnings, each text once. */
export function warningsOf(events: readonly LoggedEvent[]): Warning[] {
  let epoch: number | null = null
  const warnings = new Map<string, Warning>()
  for (const { event } of events) {
    if (event.type === 'epoch') epoch = event.figures.epoch
    for (const { level, text } of notesOf(event))
      if (level === 'warning' && !warnings.has(text)) warnings.set(text, { text, epoch })
  }
  return [...warnings.values()]
}
