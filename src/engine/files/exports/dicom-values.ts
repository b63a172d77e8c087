/** Values of DICOM attributes. */
import { randomUUID } from 'node:crypto'

/** A new UID: `2.25.` and a UUID as a decimal number (PS3.5 B.2). */
export const newUid = () => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`

/** Writes a number as exactly as the 16 characters of a decimal string allow (PS3.5 6.2, DS). */
export function decimal(value: number): string {
  for (let digits = 17; ; digits--) {
    const text = String(Number(value.toPrecision(digits)))
    if (text.length <= 16) return text
  }
}
