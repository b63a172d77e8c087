/** Devices in words, for the window and the command line. */
import type { GpuState, OtherProgram } from '../contract/engine.ts'

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/** A program on a GPU. */
export const programInWords = ({ pid, name, usedBytes }: OtherProgram): string =>
  `${name} (process ${pid}${usedBytes === null ? '' : `, ${gigabytes(usedBytes)}`})`

/** Memory, temperature and other programs of a GPU, as far as the driver tells. */
export function gpuInWords({ usedBytes, totalBytes, temperature, utilisation, others }: GpuState): string {
  const facts = [
    usedBytes !== null && totalBytes !== null && `${gigabytes(usedBytes)} of ${gigabytes(totalBytes)} used`,
    temperature !== null && `${temperature} °C`,
    utilisation !== null && `${utilisation} % busy`,
    others.length > 0 && `other programs: ${others.map(programInWords).join('; ')}`,
  ]
  return facts.filter(Boolean).join(', ') || 'the driver tells neither memory nor temperature'
}
