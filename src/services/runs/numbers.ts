/**
 * A run's numbers as files in its folder, written while it runs: `epochs.csv`, a line an epoch, and `events.jsonl`, the log's lines as they
 * are. What they hold is what the database says: a process's first writing makes both anew; later on the log's new lines are added.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochFigures } from '../../contract/runs.ts'
import { makeFolder, runDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { isDiskFull } from '../profile/room.ts'
import { eventsOfRunAfter } from './log.ts'
import { epochsOf } from './runs.ts'

export interface Numbers {
  /** Adds what the log has had since. While the disk is full nothing is added; it is made up for later. */
  update(): void
  /** Lines that were written are no longer in the log: the next update writes the files anew. */
  restart(): void
}

const COLUMNS = ['epoch', 'loss', 'learning_rate', 'seconds', 'validation_loss', 'ssim', 'psnr', 'nmse'] as const

/** The methods' own figures are columns after the common ones, by name. */
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
  /** Last line that is in the files; `null`: they are to be written anew. */
  let seq: number | null = null

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
    update() {
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
