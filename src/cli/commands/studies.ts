import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import Table from 'cli-table3'
import { Command } from 'commander'
import { FLAG_REMEDY, FLAG_WORDS, FLAGS, flagsInWords, flagsOf, openFlags } from '../../contract/crimes.ts'
import { originMark } from '../../contract/origin.ts'
import { type FileState, type Findings, renamedInWords, type StudyView } from '../../contract/studies.ts'
import { coilsInWords, ROLES, samplingInWords, truthInWords } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import { callersPath } from '../../services/profile/paths.ts'
import { fileStates } from '../../services/studies/contents/ready.ts'
import { locateFiles, scanAgain, takeFindings } from '../../services/studies/contents/rescan.ts'
import { findStudy, listStudies, type Study, setAcknowledged, studyById } from '../../services/studies/studies.ts'
import { STUDY_HELP } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, readingBar, say } from '../terminal.ts'

/** A study as text: volumes with their roles, skipped files, and remarks. */
export function describeStudy(study: Study): string {
  const table = new Table({
    head: ['file', 'role', 'slices', 'coils', 'matrix', 'acquisition', 'k-space', 'truth', 'flags'],
    style: { head: [], border: [], compact: true },
  })
  for (const volume of study.volumes) {
    const name = volume.file + originMark(volume.origin)
    table.push([
      name,
      volume.role,
      volume.slices,
      volume.coils,
      `${volume.rows} × ${volume.columns}`,
      volume.acquisition ?? '–',
      samplingInWords(volume),
      truthInWords(volume),
      volume.content?.crimes ? flagsOf(volume.content.crimes).length : '–',
    ])
  }
  const split = study.split.seed === null ? `roles by ${study.split.by}` : `split by patient, seed ${study.split.seed}`
  const counts = ROLES.map(role => `${study.volumes.filter(volume => volume.role === role).length} ${role}`).join(', ')
  const coils = study.volumes.length > 0 ? `; ${coilsInWords(study.volumes)}` : ''
  return [
    `Study ${study.id}: ${study.name} (${counts}${coils}; ${split})`,
    table.toString(),
    ...study.skipped.map(({ path, reason }) => `Skipped ${path}: ${reason}`),
    ...describeFlags(study),
    ...study.remarks,
  ].join('\n')
}

/** What speaks against volumes' being raw, with the numbers and their meanings. */
function describeFlags({ name, volumes }: Study): string[] {
  const words = flagsInWords(volumes)
  const acknowledged = volumes.filter(volume => volume.acknowledged).length
  const lines = FLAGS.flatMap(flag => {
    const { label, statistic, flaggedBelow, meaning } = FLAG_WORDS[flag]
    const flagged = volumes.filter(volume => openFlags(volume).includes(flag))
    if (flagged.length === 0) return []
    const files = flagged.map(({ file, content }) => `${file} (${content!.crimes![flag]!.toFixed(3)})`)
    return [`  ${label}: ${meaning} The ${statistic} of raw data is above ${flaggedBelow}: ${some(files)}`]
  })
  return [
    ...(words ? [`${words} ${FLAG_REMEDY}`, ...lines, `To acknowledge: self-mri studies acknowledge "${name}"`] : []),
    ...(acknowledged > 0 ? [`Flags of ${acknowledged} of ${volumes.length} volumes are acknowledged.`] : []),
  ]
}

/** Lists files whose state differs from what the study recorded. */
function describeStates({ volumes, states }: StudyView): string[] {
  const of = (state: FileState) => volumes.filter(({ id }) => states[id] === state).map(({ file }) => file)
  const line = (state: FileState, words: string) => {
    const files = of(state)
    return files.length > 0 ? [`${words}: ${some(files)}`] : []
  }
  return [
    ...line('changed', 'Changed since the study read them (old results are of the old contents)'),
    ...line('written since', 'Written since they were read (self-mri studies scan reads them)'),
    ...line('missing', 'Missing (self-mri studies locate finds their new place)'),
    ...line('unread', 'Not read completely yet'),
  ]
}

function describeFindings({ added, changed, moved, missing, unusable }: Findings): string {
  const lines = [
    ...added.map(({ path, role }) => `new       ${path} (${role})`),
    ...changed.map(({ path, what }) => `changed   ${path}: ${what}`),
    ...moved.map(({ path, from }) => `moved     ${from} → ${path}`),
    ...missing.map(({ path }) => `missing   ${path}`),
    ...unusable.map(({ path, reason }) => `unusable  ${path}: ${reason}`),
  ]
  return lines.join('\n') || 'All files are as the study recorded them.'
}

/** Asks on a terminal. Without a terminal the answer is no. */
async function agreed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim())
  } finally {
    terminal.close()
  }
}

const scanCommand = (): Command =>
  new Command('scan')
    .description(
      'Scan a study’s files again: list new, changed, moved and missing files, and ask before the study takes them',
    )
    .argument('<study>', STUDY_HELP)
    .option('--yes', 'take the findings without asking')
    .option('--remove-missing', 'remove missing files from the study')
    .action((which: string, { yes, removeMissing = false }: ScanOptions, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const { id, name } = findStudy(services.profile, which)
        const { onProgress, stop } = readingBar()
        const findings = await scanAgain(services, id, { onProgress, signal }).finally(stop)
        if (!json) print(describeFindings(findings))
        const { added, changed, moved, missing, unusable } = findings
        const toTake = added.length + changed.length + moved.length + unusable.length
        const isSome = toTake > 0 || (removeMissing && missing.length > 0)
        const aside = unusable.length > 0 ? ' Files that cannot be used are set aside.' : ''
        const taken = isSome && (yes || (await agreed(`Take these findings into study "${name}"?${aside}`, signal)))
        if (taken) {
          const { token } = findings
          const study = await takeFindings(services, id, { token, removeMissing, signal })
          if (!json) print(describeStudy(study))
        } else if (isSome) say('Nothing was taken. Take the findings with --yes.')
        if (missing.length > 0 && !(taken && removeMissing))
          say('Missing files stay in the study. Find them with "studies locate", or remove them with --remove-missing.')
        if (json) printJson({ ...findings, taken, study: studyById(services.profile, id) })
      }),
    )

const locateCommand = (): Command =>
  new Command('locate')
    .description('Find a study’s missing files by their contents in another folder')
    .argument('<study>', STUDY_HELP)
    .argument('<folder>', 'folder to search')
    .action((which: string, folder: string, _options, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const { id } = findStudy(services.profile, which)
        const { onProgress, stop } = readingBar('Looking for files (MB)')
        const found = await locateFiles(services, id, callersPath(folder), { onProgress, signal }).finally(stop)
        if (json) printJson(found)
        else {
          for (const { from, path } of found.moved) print(`${from} → ${path}`)
          for (const { path } of found.missing) print(`still missing: ${path}`)
          const renamed = renamedInWords(found.moved)
          if (renamed) say(renamed)
          if (found.moved.length + found.missing.length === 0) print('No file of the study is missing.')
        }
        if (found.missing.length > 0) process.exitCode = 1
      }),
    )

const acknowledgeCommand = (): Command =>
  new Command('acknowledge')
    .description('Acknowledge what speaks against the volumes’ being raw, so that no caution names it again')
    .argument('<study>', STUDY_HELP)
    .option('--undo', 'take the acknowledgement back')
    .action((which: string, { undo = false }: { readonly undo?: boolean }, command: Command) =>
      inSession(command, async ({ services, json }) => {
        const { id } = findStudy(services.profile, which)
        setAcknowledged(services.profile, id, !undo)
        const study = studyById(services.profile, id)
        if (json) printJson(study)
        else print(describeStudy(study))
      }),
    )

interface ScanOptions {
  readonly yes?: boolean
  readonly removeMissing?: boolean
}

export const studiesCommand = (): Command =>
  new Command('studies')
    .description('List all studies, or show a study')
    .argument('[study]', STUDY_HELP)
    .action((which: string | undefined, _options, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          if (which !== undefined) {
            const study = findStudy(services.profile, which)
            const view = { ...study, states: fileStates(services, study) }
            if (json) printJson(view)
            else print([describeStudy(study), ...describeStates(view)].join('\n'))
            return
          }
          const studies = listStudies(services.profile)
          if (json) printJson(studies)
          else if (studies.length === 0)
            print('No study yet. Import one with: self-mri import PATH, or --demonstration')
          else for (const study of studies) print(`${study.id}  ${study.name}  ${study.volumes.length} volumes`)
        },
        { readOnly: true },
      ),
    )
    .addCommand(scanCommand())
    .addCommand(locateCommand())
    .addCommand(acknowledgeCommand())
