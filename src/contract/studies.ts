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
