/** How much memory a process takes, as Linux tells it. */
import { readFileSync } from 'node:fs'

export interface Memory {
  /** Now. */
  readonly residentBytes: number
  /** The most since the process began. */
  readonly peakBytes: number
}

/** Of the text of /proc/PID/status. */
export function parseMemory(status: string): Memory | null {
  const [resident, peak] = ['VmRSS', 'VmHWM'].map(name => new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status))
  return resident && peak && { residentBytes: Number(resident[1]) * 1024, peakBytes: Number(peak[1]) * 1024 }
}

/** `null` where there is no /proc. */
export function memoryOf(pid: number): Memory | null {
  try {
    return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return null
  }
}
