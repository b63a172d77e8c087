/** The devices that train and the jobs on other machines, in words for the bottom line. */
import type { DeviceState, EngineState } from '../../contract/engine.ts'
import { gigabytes } from '../../presentation/devices.ts'
import { count } from '../../presentation/numbers.ts'

/** '12.3 of 40.0 GB' `null`: the driver does not tell. */
export function memoryOf({ gpu }: DeviceState): string | null {
  if (gpu === null || gpu.usedBytes === null) return null
  if (gpu.totalBytes === null) return gigabytes(gpu.usedBytes)
  return `${gigabytes(gpu.usedBytes).replace(/ GB$/, '')} of ${gigabytes(gpu.totalBytes)}`
}

export const degrees = (temperature: number): string => `${Math.round(temperature)} °C`

const isGpu = ({ kind }: DeviceState) => kind === 'GPU'

/** The number of GPUs that the settings choose. */
export const gpusIn = (engine: EngineState | null): number => engine?.devices.filter(isGpu).length ?? 0

/** Whether there is more to say than the name of the processor. */
export const hasDetails = ({ devices, jobs }: EngineState): boolean => devices.some(isGpu) || jobs !== null

/** 'GPU 0, 61 °C', or '4 GPUs, 2 busy, up to 71 °C'. `null`: the bottom line names the device by other means. */
export function devicesInWords({ devices }: EngineState): string | null {
  const gpus = devices.filter(isGpu)
  if (gpus.length === 0) return null
  const missing = gpus.filter(({ isMissing }) => isMissing).length
  const temperatures = gpus.flatMap(({ gpu }) => gpu?.temperature ?? [])
  const hottest = temperatures.length > 0 ? degrees(Math.max(...temperatures)) : null
  if (gpus.length === 1 && missing === 0)
    return [gpus[0].label, memoryOf(gpus[0]), hottest].filter(each => each !== null).join(', ')
  const busy = gpus.filter(({ runs }) => runs.length > 0).length
  return [
    count(gpus.length, 'GPU'),
    `${busy} busy`,
    missing > 0 && `${missing} missing`,
    hottest !== null && `up to ${hottest}`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** '12 jobs running, 20 waiting' `null`: there are no jobs. */
export function jobsInWords({ jobs }: EngineState): string | null {
  if (jobs === null || jobs.running + jobs.pending === 0) return null
  const parts = [
    jobs.running > 0 && `${count(jobs.running, 'job')} running`,
    jobs.pending > 0 && `${jobs.running > 0 ? jobs.pending : count(jobs.pending, 'job')} waiting`,
  ]
  return parts.filter(Boolean).join(', ')
}
