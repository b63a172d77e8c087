/** Writes a report as files: an HTML page, figures, JSON, and Markdown. */
import { lstatSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, isAbsolute, join, relative } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { AppError } from '../../contract/errors.ts'
import {
  type ClassicalRow,
  ReproductionReport,
  type ReproductionRequest,
  type RowTraining,
} from '../../contract/reproduction.ts'
import { kebab } from '../../contract/words.ts'
import { type Destination, inWorkshop, isRecorded, placeUnderFreeName, writeAll } from '../../engine/files/written.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { reconstructionsDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import {
  REPORT_FIGURES,
  type ReportFigure,
  reportFigures,
  reportMarkdown,
  reportPage,
  svgPng,
} from '../reports/index.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { DEMONSTRATION } from '../studies/demonstration.ts'
import { comparisonOf } from './comparison.ts'
import { describeFold } from './folds.ts'
import { imagesOf } from './images.ts'
import { planOf, reportOf } from './index.ts'
import { SYNTHETIC_KNEE } from './knee.ts'
import type { Plan } from './plan.ts'
import { prepareFolder, unrecorded } from './unrecorded.ts'

export interface Drawn {
  readonly report: ReproductionReport
  readonly figures: readonly ReportFigure[]
}

/** Draws the figures of a report. Figure 3 needs an installed engine. */
export async function draw(
  opened: OpenProfile,
  plan: Plan,
  report: ReproductionReport,
  signal?: AbortSignal,
): Promise<Drawn> {
  const compute = plan.request.demo ? comparisonOf : imagesOf
  const images = locateEngine() ? await compute(opened, plan, report, signal) : null
  return { report, figures: reportFigures(report, images) }
}

/** The present report of a reproduction, with its figures. */
export function drawReproduction(opened: OpenProfile, id: number, signal?: AbortSignal): Promise<Drawn> {
  const report = reportOf(opened.profile, id)
  return draw(opened, planOf(opened.profile, report.request), report, signal)
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The option that names the study. It should also work in a new profile. `demo` has no option --synthetic-knee. */
function studyOption(study: string, isDemo: boolean): string[] {
  if (study === DEMONSTRATION) return []
  if (study === SYNTHETIC_KNEE && !isDemo) return ['--synthetic-knee']
  return [`--study ${quoted(study)}`]
}

/** The command that saves named settings, because their number in `--classical` is of one profile only. */
function saveCommand({ classical, name, config }: ClassicalRow): string {
  const settings = Object.entries(config).map(([key, value]) => `--${kebab(key)} ${value}`)
  return `npm run self-mri -- classical save ${[classical, `--name ${quoted(name!)}`, ...settings].join(' ')}`
}

/** The commands that make the report again, one per line. */
export function commandOf(
  { scale, seeds, methods, leaveOneOut, headline, classical, networks, demo }: ReproductionRequest,
  study: string,
): string {
  if (demo) {
    const options = [...studyOption(study, true), `--seed ${demo.seed}`, `--channels ${demo.channels}`]
    return `npm run demo -- ${options.join(' ')}`
  }
  const options = [
    ...studyOption(study, false),
    `--scale ${scale}`,
    `--seeds ${seeds}`,
    ...(methods ? [`--methods ${methods.join(',')}`] : []),
    ...(leaveOneOut ? ['--leave-one-out'] : []),
    ...(headline ? ['--headline'] : []),
    ...(classical ? [`--classical ${classical.map(({ source }) => source).join(',')}`] : []),
    ...(networks ? [`--networks ${networks.join(',')}`] : []),
  ]
  const named = (classical ?? []).filter(({ name }) => name !== null)
  return [
    ...named.map(saveCommand),
    ...(named.length > 0 ? ['# Put the number that "classical save" prints behind the name of the method.'] : []),
    `npm run self-mri -- reproduce ${options.join(' ')}`,
  ].join('\n')
}

const PAGE = 'index.html'
const NUMBERS = 'study.json'
const TEXT = 'study.md'

/** All names of a report's files. */
const NAMES = [PAGE, NUMBERS, TEXT, ...REPORT_FIGURES.flatMap(name => [`${name}.svg`, `${name}.png`])]

/** A report's own files are replaced when new rows are finished. Other results are replaced only with `overwrite`. */
const destinationOf = (folder: string, overwrite: boolean): Destination => ({
  folder,
  maker: 'study',
  replaces: overwrite ? 'all' : 'same maker',
})

/** Reads a report. `null`: the file is missing, or this version cannot read the file. */
function readReport(path: string): ReproductionReport | null {
  try {
    return ReproductionReport.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}

/**
 * Checks, before any training, that a report can be written into a folder. Returns the earlier report in the folder,
 * or `null`. A folder whose study.json is a report belongs to Self-MRI, for all versions.
 * Throws `FILE_EXISTS` if a file with the name of a report's file belongs to another program.
 */
export async function openFolder(
  profile: Profile,
  folder: string,
  overwrite = false,
): Promise<ReproductionReport | null> {
  const path = join(folder, NUMBERS)
  const before = readReport(path)
  const numbers = await isRecorded(folder, NUMBERS)
  if (!before && numbers.now && !overwrite)
    throw new AppError(
      'FILE_EXISTS',
      `${path} is a report of another version of Self-MRI. This version cannot read the report. ` +
        'Choose another folder, or replace the report with --overwrite.',
    )
  const mine: string[] = []
  if (before && !numbers.now && lstatSync(path).isFile()) {
    mine.push(NUMBERS)
    if (!numbers.ever) mine.push(...(await unrecorded(folder, NAMES, NUMBERS)))
  }
  await prepareFolder(destinationOf(folder, overwrite), NAMES, mine, keptFiles(profile))
  return before
}

const filesOfFolds = (folds: ReproductionReport['folds']) =>
  JSON.stringify(folds.map(({ train, val, test }) => [train, val, test]))

/**
 * Throws `FILE_EXISTS` if rows of a folder's report would be lost, because the new report has another study, another
 * scale, or fewer rows.
 */
export function requireRowsKept(
  folder: string,
  before: ReproductionReport | null,
  now: Pick<ReproductionReport, 'folds' | 'request'> & { readonly rows: readonly { readonly key: string }[] },
): void {
  if (!before) return
  const same = before.request.scale === now.request.scale && filesOfFolds(before.folds) === filesOfFolds(now.folds)
  const keys = new Set(now.rows.map(({ key }) => key))
  const lost = before.rows.filter(({ key }) => !(same && keys.has(key)))
  if (lost.length === 0) return
  throw new AppError(
    'FILE_EXISTS',
    `${join(folder, NUMBERS)} has ${before.rows.length} rows on “${before.study}” ` +
      `at scale ${before.request.scale}. ${lost.length} of these rows are not in the new report. ` +
      'Choose another folder, or replace the report with --overwrite.',
  )
}

/** The outline of a plan's report: request, folds and rows. */
export const outlineOf = ({ request, folds, rows }: Plan) => ({ request, folds: folds.map(describeFold), rows })

/** The path relative to a folder. A relative path comes from another machine, and stays as it is. */
const inside = (folder: string, path: string) => (isAbsolute(path) ? relative(folder, path) : path)

/** The report for other machines: checkpoints relative to the profile, volumes by their file's name. */
function portable(report: ReproductionReport, profile: string): ReproductionReport {
  const inProfile = (training: RowTraining | null) =>
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

/** Contents of all files, by name. */
const filesOf = ({ report, figures }: Drawn, profile: string): Record<string, Uint8Array> => ({
  [PAGE]: strToU8(reportPage(report, figures)),
  [NUMBERS]: strToU8(`${JSON.stringify(portable(report, profile))}\n`),
  [TEXT]: strToU8(reportMarkdown(report, commandOf(report.request, report.study))),
  ...Object.fromEntries(
    figures.flatMap(({ name, svg }) => [
      [`${name}.svg`, strToU8(svg)],
      [`${name}.png`, svgPng(svg)],
    ]),
  ),
})

/** Writes all files into a folder. Returns the page's path, and the paths of replaced files. */
export async function writeFiles(
  profile: Profile,
  drawn: Drawn,
  folder: string,
  overwrite = false,
): Promise<{ page: string; replaced: string[] }> {
  const files = filesOf(drawn, profile.directory)
  const replaced = await writeAll(destinationOf(folder, overwrite), files, keptFiles(profile))
  return { page: join(folder, PAGE), replaced }
}

/** Saves into a folder of the host. Without a folder, writes a zip for a download by the browser. */
export async function save(
  opened: OpenProfile,
  id: number,
  folder?: string,
  signal?: AbortSignal,
): Promise<{ path: string; name: string }> {
  if (folder !== undefined) {
    requireRowsKept(folder, await openFolder(opened.profile, folder), reportOf(opened.profile, id))
    const { page } = await writeFiles(opened.profile, await drawReproduction(opened, id, signal), folder)
    return { path: page, name: PAGE }
  }
  const drawn = await drawReproduction(opened, id, signal)
  const directory = reconstructionsDirectory(opened.profile)
  return inWorkshop(directory, async workshop => {
    const finished = join(workshop, 'reproduction.zip')
    await writeFile(finished, zipSync(filesOf(drawn, opened.profile.directory)))
    const path = await placeUnderFreeName(finished, {
      folder: directory,
      stem: `reproduction-${id}`,
      ending: '.zip',
    })
    return { path, name: basename(path) }
  })
}
