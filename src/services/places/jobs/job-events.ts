/**
 * `events.jsonl` of a job. Each line is `{attempt, begun}` or `{attempt, event}`. An attempt that was cut off may leave
 * a cut line, and an attempt on a node that the scheduler has lost may still write. Both are left out when read.
 */
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { isPassing, onceThereIsRoom } from '../../profile/room.ts'
import { decode, encode } from './job-files.ts'

/** Where an attempt computes. */
const Begun = z.object({ node: z.string(), job: z.string().nullable() })
export type Begun = z.infer<typeof Begun>

const Line = z.object({ attempt: z.string(), begun: Begun.optional(), event: z.looseObject({}).optional() })
export type JobLine = z.infer<typeof Line>

export interface EventWriter {
  /** Appends a line. Returns a promise if the disk is full: the line is then written when there is space. */
  write(line: Omit<JobLine, 'attempt'>): void | Promise<void>
  /** Resolves when all lines are written. */
  flush(): Promise<void>
}

function endsWithin(path: string): boolean {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const last = Buffer.alloc(1)
      return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n'
    } finally {
      closeSync(file)
    }
  } catch {
    return false // there is no file yet
  }
}

/** @param signal aborted: waiting for disk space ends. */
export function writeEvents(path: string, attempt: string, signal: AbortSignal): EventWriter {
  let cut = endsWithin(path)
  const kept: string[] = []
  let waiting: Promise<void> | undefined

  function append(text: string): void {
    const start = cut ? '\n' : ''
    cut = true // a failed write may leave a part of the line
    appendFileSync(path, `${start}${text}\n`, { mode: 0o600 })
    cut = false
  }
  async function writeKept(): Promise<void> {
    try {
      while (kept.length > 0) {
        await onceThereIsRoom(() => append(kept[0]), signal)
        kept.shift()
      }
    } finally {
      waiting = undefined
    }
  }
  return {
    write(line) {
      const text = encode({ attempt, ...line })
      if (kept.length === 0) {
        try {
          return append(text)
        } catch (error) {
          if (!isPassing(error)) throw error
          waiting = Promise.resolve().then(writeKept)
        }
      }
      kept.push(text)
      return waiting
    },
    async flush() {
      await waiting
    },
  }
}

const CHUNK = 2 ** 18
/** A job that is followed has few new lines. Waiting for each call of the system then takes ten times as long. */
const FEW = 2 ** 14
const NEWLINE = 10

const isStep = ({ event }: JobLine) => event?.type === 'step'

function parse(text: string): JobLine | null {
  try {
    return Line.parse(decode(text))
  } catch {
    return null // a cut line
  }
}

/** The bytes from `offset` on. `null`: there are so many that reading them would block this program. */
function readFew(path: string, offset: number): Buffer | null {
  const file = openSync(path, 'r')
  try {
    const length = Math.max(0, fstatSync(file).size - offset)
    if (length > FEW) return null
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
  } finally {
    closeSync(file)
  }
}

async function readMany(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export interface EventReader {
  /** The next whole lines, at most 256 KB of them. Of steps that follow each other, the last alone. Empty: no more. */
  next(): Promise<readonly JobLine[]>
}

/** As a step is written. Within a string of another event the quotes are escaped. */
const STEP = '"type":"step"'

/**
 * Reads the file from its beginning on. A file that is missing has no lines yet.
 * @param steps `false`: leaves out steps, which are most of the lines, without parsing them
 */
export function readEvents(path: string, { steps = true } = {}): EventReader {
  let offset = 0
  let buffer: Buffer = Buffer.alloc(0)
  let current: string | null = null
  const seen = new Set<string>()

  /** Whether the line is of the newest attempt so far. */
  function counts({ attempt }: JobLine): boolean {
    if (attempt !== current && seen.has(attempt)) return false
    seen.add(attempt)
    current = attempt
    return true
  }
  async function nextBytes(): Promise<Buffer> {
    try {
      const bytes = readFew(path, offset) ?? (await readMany(path, offset))
      offset += bytes.length
      return bytes
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
      throw error
    }
  }
  async function next(): Promise<readonly JobLine[]> {
    while (true) {
      const bytes = await nextBytes()
      if (bytes.length === 0) return []
      buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes])
      const end = buffer.lastIndexOf(NEWLINE) + 1
      if (end === 0) continue
      const text = buffer.toString('utf8', 0, end)
      buffer = Buffer.from(buffer.subarray(end)) // a copy, so that the large buffer is freed
      const lines = text
        .split('\n')
        .flatMap(line => (line === '' || (!steps && line.includes(STEP)) ? [] : (parse(line) ?? [])))
      const counted = lines.filter(counts)
      const told = counted.filter((line, i) => !isStep(line) || i === counted.length - 1 || !isStep(counted[i + 1]))
      if (told.length > 0) return told
    }
  }
  return { next }
}

/** All lines of the file, without steps. */
export async function allEvents(path: string): Promise<JobLine[]> {
  const reader = readEvents(path, { steps: false })
  const all: JobLine[] = []
  for (let lines = await reader.next(); lines.length > 0; lines = await reader.next()) all.push(...lines)
  return all
}
