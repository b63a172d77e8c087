/** Permissions do not hold for root, who may run these tests. */
import process from 'node:process'

const NOBODY = 65_534

/** Does something as a user for whom they hold. */
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
