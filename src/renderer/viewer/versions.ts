/** What tells an image of now from images of other contents or other weights. */
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'

const BRIEF = 12

/** Distinguishes a volume's contents from others that the same file had before, or will have. */
export const contentOf = ({ content }: StudyVolume): string => content?.identity.slice(0, BRIEF) ?? ''

/** Distinguishes what a source shows of a volume now from what it shows of other contents, or after more training. */
export const versionOf = (volume: StudyVolume, run: RunView | null): string =>
  [contentOf(volume), run?.checkpoint?.sha256.slice(0, BRIEF)].filter(Boolean).join('-')
