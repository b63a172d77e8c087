import process from 'node:process'
import { Command } from 'commander'
import { checkProfile, type ProfileCheck, type ProfileFault } from '../../services/profile/check.ts'
import { inSession } from '../session.ts'
import { print, printJson, progressBar } from '../terminal.ts'

const REMEDIES: Readonly<Record<ProfileFault['kind'], string>> = {
  checkpoint: 'restore the file from a copy of the profile, or train the run again',
  state: 'restore the file from a copy of the profile; without the file the run cannot resume from this state',
  preview: 'restore the file from a copy of the profile; only this image of the run is lost',
  'mask file': 'restore the file from a copy of the profile, or put the mask file back where it was',
  'study file': 'put the file back, or find its new place with: self-mri studies locate',
}

function describe({ profile, checked, training, faults }: ProfileCheck): string {
  const counts = Object.entries(checked).map(([kind, count]) => `${count} ${count === 1 ? kind : `${kind}s`}`)
  const lines = faults.map(({ kind, of, path, fault }) => {
    const owner = kind === 'mask file' ? of : kind === 'study file' ? `study "${of}"` : `run ${of}`
    return `${fault}: ${path} (${kind} of ${owner}): ${REMEDIES[kind]}`
  })
  const sum = faults.length === 0 ? 'no file is missing or damaged' : `${faults.length} missing or damaged`
  const left = training.map(run => `Run ${run} is training, so its files are not checked.`)
  return [...lines, ...left, `${profile}: ${counts.join(', ')}: ${sum}.`].join('\n')
}

const checkCommand = (): Command =>
  new Command('check')
    .description(
      'List missing or damaged files: checkpoints, states and copies of mask files (by SHA-256), previews, ' +
        'files of studies. Writes nothing. The exit code is 1 if a file is missing or damaged.',
    )
    .action((_options: object, command: Command) =>
      inSession(
        command,
        async ({ services, signal, json }) => {
          const bar = progressBar('Checking')
          const onProgress = ({ done, total, label }: { done: number; total: number; label: string }) =>
            bar.update(done, total, label)
          const check = await checkProfile(services.profile, { onProgress, signal }).finally(() => bar.stop())
          if (json) printJson(check)
          else print(describe(check))
          if (check.faults.length > 0) process.exitCode = 1
        },
        { readOnly: true },
      ),
    )

export const profileCommand = (): Command =>
  new Command('profile').description('The folder of the database and the runs').addCommand(checkCommand())
