/**
 * The path of a volume: FILE, or FILE#PART if the file holds several volumes. A part names what sets its volume apart,
 * counted from 1: `scan.mrd#contrast-2,repetition-1`. The last part of the path seeds the volume's masks.
 */
const PART = /#([a-z]+-\d+(?:,[a-z]+-\d+)*)$/

/** The file, or the folder of a series, that holds the volume. */
export const fileOfVolume = (path: string): string => path.replace(PART, '')

/** `null`: the file holds one volume. */
export const partOfVolume = (path: string): string | null => PART.exec(path)?.[1] ?? null

export const volumePath = (file: string, part: string | null): string => (part === null ? file : `${file}#${part}`)
