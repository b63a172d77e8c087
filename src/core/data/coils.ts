/**
 * Coils without signal, in words. Such a coil adds nothing to the root sum of squares, and has no map.
 * A coil that has signal in some slices only means that the coils changed between slices.
 */
import { coilsByNumber } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import type { Surveyed } from './measured.ts'

/** Remarks on coils without signal in some or all of the slices. In each slice, at least one coil has signal. */
export function emptyCoils(slices: readonly Surveyed[], coils: number): string[] {
  const emptyIn = Array.from({ length: coils }, (_, coil) => slices.filter(({ empty }) => empty.includes(coil)))
  const dead = emptyIn.flatMap((empty, coil) => (empty.length === slices.length ? [coil] : []))
  const partly = emptyIn.flatMap((empty, coil) => {
    if (empty.length === 0 || empty.length === slices.length) return []
    return [`coil ${coil + 1} (slice ${some(empty.map(({ slice }) => `${slice + 1}`))})`]
  })
  const remarks: string[] = []
  if (dead.length > 0)
    remarks.push(
      `No signal in ${coilsByNumber(dead)} of ${coils}. The root sum of squares of the other coils is used, and coil ` +
        'maps leave such a coil out. If the scanner received signal with this coil, export the file again.',
    )
  if (partly.length > 0)
    remarks.push(
      `The coils change between slices: no signal in ${some(partly)}. ` +
        'The brightness of images can therefore change between slices. ' +
        'Export the file again with the same coils in all slices, or leave these slices out.',
    )
  return remarks
}
