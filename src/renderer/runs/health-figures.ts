/** How a pre-training does, from its log: the loss against its chance level, and the method's own figures by epoch. */
import { notesOf } from '../../contract/notes.ts'
import { HELD_OUT_CHANCE, type LoggedEvent, OWN_LOSS } from '../../contract/runs.ts'
import type { Points } from './curves.ts'

export interface HealthFigure {
  readonly name: string
  readonly label: string
  /** What it means, in a line. */
  readonly meaning: string
  readonly points: Points
  /** Values that there can be, where they are known. */
  readonly bounds: readonly [number, number] | null
  /** A level to compare with, and what it is. */
  readonly level: { readonly value: number; readonly label: string } | null
}

interface Kind {
  readonly label: string
  readonly meaning: string
  readonly bounds?: readonly [number, number]
  readonly level?: HealthFigure['level']
}

const KINDS: Readonly<Record<string, Kind>> = {
  retrieval: {
    label: 'Retrieval',
    meaning: 'share of held-out samples whose nearest embedding is their own other view',
    bounds: [0, 1],
  },
  accuracy: {
    label: 'Accuracy',
    meaning: 'share of held-out images whose rotation is told right; chance is 25 %',
    bounds: [0, 1],
    level: { value: 0.25, label: 'chance' },
  },
  spread: {
    label: 'Spread',
    meaning: 'of normalised embeddings: 1 evenly spread, 0 collapsed into one point',
    bounds: [0, 1],
    level: { value: 0, label: 'collapsed' },
  },
  prototypes: { label: 'Prototypes in use', meaning: 'how many the held-out crops are assigned to' },
  'input loss': { label: 'Loss of the input', meaning: 'the loss if the network changed nothing' },
}

/** Figures that only say what another is measured against: the most that there can be, or what chance gives. */
const OF: Readonly<Record<string, string>> = { prototypes: 'prototypesOf' }
const CHANCE: Readonly<Record<string, string>> = { retrieval: 'retrievalChance' }

type Lines = Map<string, { x: number[]; y: number[] }>

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

/** The training loss without the reconstruction term, where it was written down beside the sum; the chance level of the held-out loss. */
export function ownLossesOf(events: readonly LoggedEvent[]): { training: Points | null; heldOutChance: number | null } {
  const lines = linesOf(events)
  return { training: lines.get(OWN_LOSS) ?? null, heldOutChance: lines.get(HELD_OUT_CHANCE)?.y.at(-1) ?? null }
}

/** One for each of the method's figures, in the order in which they came. */
export function healthOf(events: readonly LoggedEvent[]): HealthFigure[] {
  const points = linesOf(events)
  const references = new Set([OWN_LOSS, HELD_OUT_CHANCE, ...Object.values(OF), ...Object.values(CHANCE)])
  const last = (name: string | undefined) => (name === undefined ? undefined : points.get(name)?.y.at(-1))
  return [...points].flatMap(([name, line]): HealthFigure[] => {
    if (references.has(name)) return []
    const kind = KINDS[name] ?? { label: name, meaning: '' }
    const most = last(OF[name])
    const chance = last(CHANCE[name])
    const level = most
      ? { value: most, label: 'all' }
      : chance === undefined
        ? (kind.level ?? null)
        : { value: chance, label: 'chance' }
    return [
      {
        name,
        label: kind.label,
        meaning: `${kind.meaning}${most ? `, of ${most}` : ''}${chance ? `; chance is 1 of ${Math.round(1 / chance)}` : ''}`,
        points: line,
        bounds: most ? [0, most] : (kind.bounds ?? null),
        level,
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
