/** Tests of file permissions, for a root user, too. Root ignores permissions. */
import process from 'node:process'

const NOBODY = 65_534

/** Runs `work` as a user to whom permissions apply. */
export function asAnybody<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work()
  process.setegid!(NOBODY)
  process.seteuid!(NOBODY)
  try {
    return work()
  } finally {
    process.seteuid!(0)
    process.setegid!(0)
  }
}
