import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { MOST_COILS } from '../../contract/studies.ts'
import { ROLES, type SliceSelection } from '../../contract/volumes.ts'
import { callersPath } from '../../services/profile/paths.ts'
import { readyStudy } from '../../services/studies/contents/ready.ts'
import { demonstrationStudy, multiCoilDemonstration } from '../../services/studies/demonstration.ts'
import { nameOfFolder } from '../../services/studies/names.ts'
import { importStudy, type Study, studyById } from '../../services/studies/studies.ts'
import { importSyntheticKnee } from '../../services/studies/synthetic-knee.ts'
import { overwriteOption, sliceSelection, wholeNumber } from '../options.ts'
import { inSession, type Session } from '../session.ts'
import { print, printJson, progressBar, readingBar, say, sayReplaced } from '../terminal.ts'
import { describeStudy } from './studies.ts'

const DEMONSTRATIONS = ['brain', 'multi-coil'] as const

interface Options {
  readonly name?: string
  readonly slices: SliceSelection
  readonly splitSeed: number
  readonly demonstration?: (typeof DEMONSTRATIONS)[number]
  readonly syntheticKnee?: string
  readonly patients: string
  readonly slicesPerVolume: number
  readonly coils: number
  readonly seed: number
  readonly overwrite: boolean
}

function numberOfCoils(text: string): number {
  const coils = wholeNumber(text)
  if (coils >= 1 && coils <= MOST_COILS) return coils
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST_COILS}.`)
}

function nameFromFolder(path: string): string {
  const name = nameOfFolder(path)
  if (name !== basename(path))
    say(
      `The study is called "${name}", because "${basename(path)}" would be read as a study’s number. ` +
        'Choose another name with --name.',
    )
  return name
}

async function makeStudy(
  paths: string[],
  options: Options,
  { services, signal }: Session,
  onReplaced: (paths: readonly string[]) => void,
): Promise<Study> {
  if (options.demonstration === 'brain') return demonstrationStudy(services, signal)
  const drawn = options.demonstration || options.syntheticKnee
  const bar = progressBar(drawn ? 'Synthetic knee' : 'Scanning')
  const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
    bar.update(done, total, label)
  try {
    if (options.demonstration) return await multiCoilDemonstration(services, { onProgress, signal })
    if (options.syntheticKnee) {
      const counts = options.patients.split(',').map(Number)
      if (counts.length !== 3 || counts.some(count => !Number.isInteger(count) || count < 0)) {
        throw new AppError(
          'INVALID_ARGUMENT',
          `--patients: expected three whole numbers for ${ROLES.join(', ')}, as 4,1,1, got ${options.patients}`,
        )
      }
      const [train, val, test] = counts
      const spec = {
        directory: callersPath(options.syntheticKnee),
        seed: options.seed,
        patients: { train, val, test },
        slices: options.slicesPerVolume,
        coils: options.coils,
        overwrite: options.overwrite,
      }
      return await importSyntheticKnee(
        services,
        spec,
        { name: options.name, slices: options.slices },
        { onProgress, signal, onReplaced },
      )
    }
    if (paths.length === 0)
      throw new AppError(
        'INVALID_ARGUMENT',
        'Expected files or folders to import, or --demonstration, or --synthetic-knee FOLDER',
      )
    const roots = paths.map(callersPath)
    const request = {
      paths: roots,
      name: options.name ?? nameFromFolder(roots[0]),
      slices: options.slices,
      splitSeed: options.splitSeed,
    }
    return await importStudy(services, request, { onProgress, signal })
  } finally {
    bar.stop()
  }
}

/** Reads the whole files, because their contents are unknown until then. */
async function readWhole(study: Study, { services, signal }: Session): Promise<Study> {
  const { onProgress, stop } = readingBar()
  try {
    await readyStudy(services, study, study.volumes, { onProgress, signal })
  } catch (error) {
    if (signal.aborted) say(`Study ${study.id} is kept. Its unread files are read when they are used.`)
    throw error
  } finally {
    stop()
  }
  const read = studyById(services.profile, study.id)
  if (read.volumes.length > 0) return read
  const reasons = read.skipped.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('')
  throw new AppError('UNSUPPORTED_FORMAT', `Expected at least one file that can be used, got none:${reasons}`)
}

export const importCommand = (): Command =>
  new Command('import')
    .description(
      'Import k-space as a study: fastMRI HDF5, ISMRMRD, BART .cfl, NumPy, CMRxRecon .mat, Calgary-Campinas. ' +
        'Folders train, val and test give roles, else patients are split at random',
    )
    .argument('[path...]', 'files or folders')
    .option('--name <name>', 'the study’s name, not a number (default: the first path’s)')
    .option('--slices <which>', 'all, middle, every:N or A-B (from 1)', sliceSelection, { kind: 'all' } as const)
    .option('--split-seed <n>', 'seed of the split by patient', wholeNumber, 0)
    .addOption(
      new Option('--demonstration [which]', 'brain: measured, ships with the program; multi-coil: knees drawn here')
        .choices(DEMONSTRATIONS)
        .preset('brain'),
    )
    .option('--synthetic-knee <folder>', 'write the synthetic knee study into this folder, and import the study')
    .addOption(overwriteOption('earlier synthetic knees in the folder that belong to no study'))
    .option('--patients <train,val,test>', 'synthetic patients of each role; each has a PD and a PDFS volume', '4,1,1')
    .option('--slices-per-volume <n>', 'slices of a synthetic volume', wholeNumber, 8)
    .option('--coils <n>', `receive coils of a synthetic volume, 1 to ${MOST_COILS}`, numberOfCoils, 1)
    .option('--seed <n>', 'seed of the synthetic knees', wholeNumber, 0)
    .action((paths: string[], options: Options, command: Command) =>
      inSession(command, async session => {
        let replaced: readonly string[] = []
        const made = await makeStudy(paths, options, session, files => {
          replaced = files
        })
        sayReplaced(replaced)
        const study = await readWhole(made, session)
        if (session.json) printJson(options.overwrite ? { ...study, replaced } : study)
        else print(describeStudy(study))
      }),
    )
