/** A run's notes in words: omitted volumes, an early end, a pre-training that learns nothing. */
import { z } from 'zod'

/** `warning`: something may be wrong with the pre-training, and the text says what to try. */
const Level = z.enum(['info', 'warning'])

/** The part of a note for programs. No program reads the text. */
export const NoteMark = z.object({
  level: Level,
  /** `stopped-early`, `collapsed` … */
  code: z.string(),
  /** The values in the text, by name. */
  data: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
})
export type NoteMark = z.infer<typeof NoteMark>

export const Note = NoteMark.extend({ text: z.string() })
export type Note = z.infer<typeof Note>

/** A note in a log. Logs of version 0.1.0 hold only the text. */
export const LoggedNote = Note.partial({ level: true, code: true })
export type LoggedNote = z.infer<typeof LoggedNote>

/** Texts of version 0.1.0 that are warnings. */
const WARNING = /may help|collapsed|nearly become|chance level|shows the label|betray|nearly white|says? less/

const read = ({ level, code, data, text }: LoggedNote): Note => ({
  level: level ?? (WARNING.test(text) ? 'warning' : 'info'),
  code: code ?? 'unknown',
  ...(data && { data }),
  text,
})

/** The part of a log's event that can hold notes. */
type NotingEvent = Partial<LoggedNote> & {
  readonly type: string
  readonly notes?: readonly string[]
  readonly noteMarks?: readonly NoteMark[]
}

/** The notes of an event of a run's log. */
export function notesOf({ type, text = '', notes = [], noteMarks, ...mark }: NotingEvent): Note[] {
  if (type === 'note') return [read({ ...mark, text })]
  return notes.map((each, i) => read({ ...noteMarks?.[i], text: each }))
}

/** Notes in the form of the events `started` and `resumed`. */
export const beginningNotes = (notes: readonly Note[]) => ({
  notes: notes.map(({ text }) => text),
  noteMarks: notes.map(({ text: _, ...mark }): NoteMark => mark),
})
