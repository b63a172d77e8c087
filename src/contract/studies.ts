/** Studies for the screens. */
import { z } from 'zod'
import { Flag } from './crimes.ts'
import { Origin } from './origin.ts'
import { Role, SkippedFile, SliceSelection, VolumeInfo } from './volumes.ts'
import { some } from './words.ts'

export const STUDY_KINDS = ['demonstration', 'folder', 'synthetic', 'scans'] as const

/** Most coils of a synthetic knee. */
export const MOST_COILS = 32

export const StudyVolume = VolumeInfo.extend({
  /** Identifies the volume in the profile, and its images in URLs. */
  id: z.int(),
  role: Role,
  /** Flags against being raw that the user has seen and accepted. Absent: none. */
  acknowledged: z.array(Flag).readonly().optional(),
})
export type StudyVolume = z.infer<typeof StudyVolume>

/** How roles were assigned to the volumes. */
export const Split = z.object({
  by: z.enum(['folders', 'patients', 'the study']),
  seed: z.int().nullable(),
  fractions: z.record(Role, z.number()).nullable(),
})
export type Split = z.infer<typeof Split>

/**
 * State of a volume's file compared with what the study recorded.
 * `unread`: the file is listed, but unread. `written since`: the file was written after it was last read.
 * `changed`: the file has other contents, or is unusable now.
 */
export const FILE_STATES = ['as taken', 'unread', 'written since', 'changed', 'missing'] as const
export const FileState = z.enum(FILE_STATES)
export type FileState = z.infer<typeof FileState>

export const Study = z.object({
  id: z.int(),
  name: z.string(),
  /** `scans`: new files for reconstruction. Nothing is trained on them. */
  kind: z.enum(STUDY_KINDS),
  roots: z.array(z.string()),
  split: Split,
  slices: SliceSelection,
  /** Shown with the study: attribution, and unusual properties of the data. */
  remarks: z.array(z.string()),
  createdAt: z.string(),
  volumes: z.array(StudyVolume),
  skipped: z.array(SkippedFile),
})
export type Study = z.infer<typeof Study>

/** A study in the list. */
export const StudySummary = Study.pick({ id: true, name: true, kind: true, createdAt: true }).extend({
  volumes: z.int(),
  skipped: z.int(),
  /** The most coils of a volume. */
  coils: z.int(),
  /** Of its volumes, the origin that is farthest from measured. */
  origin: Origin,
})
export type StudySummary = z.infer<typeof StudySummary>

/** A study with the state of each file, by volume. */
export const StudyView = Study.extend({ states: z.record(z.string(), FileState) })
export type StudyView = z.infer<typeof StudyView>

const FoundFile = z.object({ file: z.string(), path: z.string() })

/** Differences between the files and the study, found by a scan. */
export const Findings = z.object({
  added: z.array(FoundFile.extend({ role: Role })),
  /** `what`: the difference in words. */
  changed: z.array(FoundFile.extend({ what: z.string() })),
  /** Files with the same content at another path. */
  moved: z.array(FoundFile.extend({ from: z.string() })),
  missing: z.array(FoundFile),
  /** Files that cannot be used. Applying the findings moves files of the study to its skipped files. */
  unusable: z.array(SkippedFile),
  /** Identifies these findings, so that exactly the shown findings are applied. */
  token: z.string(),
})
export type Findings = z.infer<typeof Findings>

/** What other names of moved files mean. `null`: all files have their names. */
export function renamedInWords(moved: Findings['moved']): string | null {
  const renamed = moved.filter(({ file, from }) => from.split(/[/\\]/).at(-1) !== file)
  if (renamed.length === 0) return null
  return (
    `Other names than before: ${some(renamed.map(({ file }) => file))}. The name of a file is the seed of its masks, ` +
    'so trainings and scores with these files are computed again. To keep the earlier results, give the files their ' +
    'former names, and locate them again.'
  )
}
