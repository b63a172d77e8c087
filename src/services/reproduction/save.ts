/** A reproduction as files: a page that needs nothing else, its figures, its numbers, and the same to be read in a repository. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { AppError } from '../../contract/errors.ts'
import { type ReproductionRequest, StudyReport, type StudyTraining } from '../../contract/study.ts'
import { locateEngine } from '../../engine/install.ts'
import type { Services } from '../context.ts'
import { DEMONSTRATION } from '../demonstration.ts'
import { makeFolder, reconstructionsDirectory } from '../profile.ts'
import { type StudyFigure, studyFigurePng, studyFigures, studyMarkdown, studyPage } from '../reports/index.ts'
import { imagesOf } from './images.ts'
import { planOf, reportOf } from './index.ts'
import { SYNTHETIC_KNEE } from './knee.ts'
import type { Plan } from './plan.ts'

export interface Drawn {
  readonly report: StudyReport
  readonly figures: readonly StudyFigure[]
}

/** The figures of a plan's report; the images are computed, where there is what computes them. */
export async function draw(services: Services, plan: Plan, report: StudyReport, signal?: AbortSignal): Promise<Drawn> {
  const images = locateEngine() ? await imagesOf(services, plan, report, signal) : null
  return { report, figures: studyFigures(report, images) }
}

/** The report as it is now, with its figures. */
export function drawReproduction(services: Services, id: number, signal?: AbortSignal): Promise<Drawn> {
  const report = reportOf(services, id)
  return draw(services, planOf(services, report.request), report, signal)
}

/** Which study, as a profile that has none yet understands it where it can. */
function studyOption(study: string): string[] {
  if (study === DEMONSTRATION) return []
  if (study === SYNTHETIC_KNEE) return ['--synthetic-knee']
  return [`--study '${study.replaceAll("'", "'\\''")}'`]
}

/** The command that makes the same. */
export function commandOf(
  { scale, seeds, methods, leaveOneOut, headline }: ReproductionRequest,
  study: string,
): string {
  const options = [
    ...studyOption(study),
    `--scale ${scale}`,
    `--seeds ${seeds}`,
    ...(methods ? [`--methods ${methods.join(',')}`] : []),
    ...(leaveOneOut ? ['--leave-one-out'] : []),
    ...(headline ? ['--headline'] : []),
  ]
  return `npm run self-mri -- study ${options.join(' ')}`
}

const NUMBERS = 'study.json'

/** The report that a folder has from before; `null` where there is none. Throws `FILE_UNREADABLE` for what would be lost if it were written over. */
export function writtenBefore(folder: string): StudyReport | null {
  const path = join(folder, NUMBERS)
  if (!existsSync(path)) return null
  try {
    return StudyReport.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a report of this version of the program in ${path}, which would be written over, got something else. Move it, or choose another folder with --out.`,
      cause,
    )
  }
}

const PAGE = 'index.html'

/** As it is where it is another machine's. */
const inside = (folder: string, path: string) => (isAbsolute(path) ? relative(folder, path) : path)

/** For other machines too: checkpoints by their place in the profile, volumes by their file. */
function portable(report: StudyReport, profile: string): StudyReport {
  const inProfile = (training: StudyTraining | null) =>
    training && {
      ...training,
      checkpoint: { ...training.checkpoint, path: inside(profile, training.checkpoint.path) },
    }
  const rows = report.rows.map(row => ({
    ...row,
    pretraining: inProfile(row.pretraining),
    training: inProfile(row.training),
    volumes: row.volumes.map(volume => ({ ...volume, path: volume.file })),
  }))
  return { ...report, rows }
}

/** By name. */
const filesOf = ({ report, figures }: Drawn, profile: string): Record<string, Uint8Array> => ({
  [PAGE]: strToU8(studyPage(report, figures)),
  [NUMBERS]: strToU8(`${JSON.stringify(portable(report, profile))}\n`),
  'study.md': strToU8(studyMarkdown(report, commandOf(report.request, report.study))),
  ...Object.fromEntries(
    figures.flatMap(({ name, svg }) => [
      [`${name}.svg`, strToU8(svg)],
      [`${name}.png`, studyFigurePng(svg)],
    ]),
  ),
})

/** Writes everything into a folder: its page's path. */
export function writeFiles({ profile }: Pick<Services, 'profile'>, drawn: Drawn, folder: string): string {
  makeFolder(folder)
  for (const [name, bytes] of Object.entries(filesOf(drawn, profile))) writeFileSync(join(folder, name), bytes)
  return join(folder, PAGE)
}

/** Into a folder of the host; without one as a zip, for the browser to fetch. */
export async function save(
  services: Services,
  id: number,
  folder?: string,
  signal?: AbortSignal,
): Promise<{ path: string; name: string }> {
  const drawn = await drawReproduction(services, id, signal)
  if (folder !== undefined) return { path: writeFiles(services, drawn, folder), name: PAGE }
  const directory = reconstructionsDirectory(services)
  const name = `reproduction-${id}.zip`
  makeFolder(directory)
  writeFileSync(join(directory, name), zipSync(filesOf(drawn, services.profile)))
  return { path: join(directory, name), name }
}
