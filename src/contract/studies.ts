/** Studies as the screens see them. */
import { z } from 'zod'
import { Role, SkippedFile, SliceSelection, VolumeInfo } from './volumes.ts'

export const STUDY_KINDS = ['demonstration', 'folder', 'synthetic', 'scans'] as const

export const StudyVolume = VolumeInfo.extend({
  /** Identifies the volume in the profile, and its images in URLs. */
  id: z.int(),
  role: Role,
})
export type StudyVolume = z.infer<typeof StudyVolume>

/** How the volumes came by their roles. */
export const Split = z.object({
  by: z.enum(['folders', 'patients', 'the study']),
  seed: z.int().nullable(),
  fractions: z.record(Role, z.number()).nullable(),
})
export type Split = z.infer<typeof Split>

/**
 * How a volume's file is beside what the study took of it. `unread`: the file has only been listed so far. `written since`: the file has not
 * been read since it was written. `changed`: the file has another content,
 * or cannot be used any more.
 */
export const FILE_STATES = ['as taken', 'unread', 'written since', 'changed', 'missing'] as const
export const FileState = z.enum(FILE_STATES)
export type FileState = z.infer<typeof FileState>

export const Study = z.object({
  id: z.int(),
  name: z.string(),
  /** `scans`: files to be reconstructed that belong to no study; nothing is trained on them. */
  kind: z.enum(STUDY_KINDS),
  roots: z.array(z.string()),
  split: Split,
  slices: SliceSelection,
  /** Shown wherever the study is: attribution, what is odd about the data. */
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
  synthetic: z.boolean(),
})
export type StudySummary = z.infer<typeof StudySummary>

/** A study with the state of each file, by volume. */
export const StudyView = Study.extend({ states: z.record(z.string(), FileState) })
export type StudyView = z.infer<typeof StudyView>

const FoundFile = z.object({ file: z.string(), path: z.string() })

/** What a scan found that is not as the study has it. */
export const Findings = z.object({
  added: z.array(FoundFile.extend({ role: Role })),
  /** `what`: what differs, in words. */
  changed: z.array(FoundFile.extend({ what: z.string() })),
  /** The same content at another place. */
  moved: z.array(FoundFile.extend({ from: z.string() })),
  missing: z.array(FoundFile),
  /** Files that cannot be used; the study's own among them would be set aside. */
  unusable: z.array(SkippedFile),
  /** Tells these findings from others: what is taken is what was shown. */
  token: z.string(),
})
export type Findings = z.infer<typeof Findings>
