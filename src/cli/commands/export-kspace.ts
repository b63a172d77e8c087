import process from 'node:process'
import { Command } from 'commander'
import { callersFolder, callersPath } from '../../services/profile/paths.ts'
import { exportKspace } from '../../services/viewing/export-kspace.ts'
import { overwriteOption } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson, progressBar, say, sayReplaced } from '../terminal.ts'

interface Options {
  readonly out: string
  readonly overwrite: boolean
}

export const exportKspaceCommand = (): Command =>
  new Command('export-kspace')
    .description(
      'Write k-space as fastMRI HDF5, one file per volume, for other toolboxes: `kspace` complex64, ground truth, ' +
        'mask, header, and where the slices lie. Nothing of the patient is written.',
    )
    .argument('<path...>', 'files or folders, in any format that Self-MRI reads')
    .requiredOption('--out <folder>', 'folder for the files')
    .addOption(overwriteOption('earlier files of this command in the folder'))
    .action((paths: string[], options: Options, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const bar = progressBar('Writing k-space')
        const { volumes, replaced } = await exportKspace(
          services,
          {
            paths: paths.map(callersPath),
            directory: callersFolder(options.out),
            overwrite: options.overwrite,
          },
          { onProgress: ({ done, total, label }) => bar.update(done, total, label), signal },
        ).finally(() => bar.stop())
        const written = volumes.filter(result => 'output' in result)
        for (const result of volumes) if ('reason' in result) say(`Skipped ${result.path}: ${result.reason}`)
        if (volumes.length === 0) say(`No file to export in ${paths.join(', ')}.`)
        if (options.overwrite) sayReplaced(replaced)
        if (json) printJson({ volumes, ...(options.overwrite && { replaced }) })
        else for (const { output } of written) print(output)
        if (written.length === 0) process.exitCode = 1
      }),
    )
