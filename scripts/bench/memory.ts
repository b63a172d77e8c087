/** The memory of a process, as Linux reports it. */
import { readFileSync, writeFileSync } from 'node:fs'

export interface Memory {
  readonly residentBytes: number
  /** The largest resident size since the process began. */
  readonly peakBytes: number
}

/** @param status the text of /proc/PID/status */
export function parseMemory(status: string): Memory | null {
  const [resident, peak] = ['VmRSS', 'VmHWM'].map(name => new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status))
  return resident && peak && { residentBytes: Number(resident[1]) * 1024, peakBytes: Number(peak[1]) * 1024 }
}

/** @returns `null` on a system without /proc */
export function memoryOf(pid: number): Memory | null {
  try {
    return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return null
  }
}

/** From now on, `peakBytes` counts the memory after this call (proc(5), clear_refs). */
export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')
