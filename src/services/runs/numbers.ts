/**
 * Files with a run's numbers in its folder: `epochs.csv` (one line per epoch) and `events.jsonl` (lines of the log).
 * They are written while the run trains, from the database. The first update of a process rewrites both files. Later
 * updates append new lines of the log. Steps are appended every 10 s, and with each other event.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochFigures, TrainingEvent } from '../../contract/runs.ts'
import { makeFolder, runDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { isDiskFull } from '../profile/room.ts'
import { eventsOfRunAfter } from './log.ts'
import { epochsOf } from './runs.ts'

export interface Numbers {
  /**
   * Writes new lines. After a step, an update of the last 10 s suffices, because the database has the step already. If
   * the disk is full, a later update writes the lines.
   */
  update(after?: TrainingEvent): void
  /** The next update rewrites the files, because lines were removed from the log. */
  restart(): void
}

/** Time between two updates after steps. */
const INTERVAL_MS = 10_000

const COLUMNS = ['epoch', 'loss', 'learning_rate', 'seconds', 'validation_loss', 'ssim', 'psnr', 'nmse'] as const

/** The CSV. The method's own figures follow the common columns, sorted by name. */
function table(epochs: readonly EpochFigures[]): string {
  const own = [...new Set(epochs.flatMap(({ extra }) => Object.keys(extra)))].sort()
  const rows = epochs.map(({ epoch, loss, learningRate, seconds, validationLoss, validation, extra }) => [
    ...[epoch, loss, learningRate, seconds, validationLoss, validation?.ssim, validation?.psnr, validation?.nmse],
    ...own.map(name => extra[name]),
  ])
  return [[...COLUMNS, ...own], ...rows].map(row => `${row.map(cell => cell ?? '').join(',')}\n`).join('')
}

export function makeNumbers(profile: Profile, run: string): Numbers {
  const directory = runDirectory(profile, run)
  /** `seq` of the last written line. `null`: the next update rewrites the files. */
  let seq: number | null = null
  let updatedAt = Number.NEGATIVE_INFINITY

  function update(): void {
    const fresh = eventsOfRunAfter(profile, run, seq ?? 0)
    const write = seq === null ? writeFileSync : appendFileSync
    makeFolder(directory)
    write(join(directory, 'events.jsonl'), fresh.map(logged => `${JSON.stringify(logged)}\n`).join(''))
    if (seq === null || fresh.some(({ event }) => event.type === 'epoch'))
      writeFileSync(join(directory, 'epochs.csv'), table(epochsOf(profile, run)))
    seq = fresh.at(-1)?.seq ?? seq ?? 0
  }

  return {
    update(after) {
      const now = performance.now()
      if (after?.type === 'step' && now - updatedAt < INTERVAL_MS) return
      updatedAt = now
      try {
        update()
      } catch (error) {
        seq = null
        if (!isDiskFull(error)) throw error
      }
    },
    restart() {
      seq = null
    },
  }
}
