/** The command line. Its options, exit codes and JSON are an interface, because labs use them in scripts. */
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { classicalCommand } from './commands/classical.ts'
import { demoCommand } from './commands/demo.ts'
import { engineCommand } from './commands/engine.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { exportKspaceCommand } from './commands/export-kspace.ts'
import { importCommand } from './commands/import.ts'
import { jobCommand } from './commands/job.ts'
import { jobsCommand } from './commands/jobs.ts'
import { profileCommand } from './commands/profile.ts'
import { recipesCommand } from './commands/recipes.ts'
import { reconstructCommand } from './commands/reconstruct.ts'
import { reproduceCommand } from './commands/reproduce.ts'
import { runsCommand } from './commands/runs.ts'
import { serveCommand } from './commands/serve.ts'
import { studiesCommand } from './commands/studies.ts'
import { fineTuneCommand, pretrainCommand, trainCommand } from './commands/train.ts'
import { tuneCommand } from './commands/tune.ts'

const program = new Command('self-mri')
  .description(
    'Self-supervised pre-training for accelerated MRI reconstruction. Research use only; not a medical device.',
  )
  .option(
    '--profile <folder>',
    'folder of the database and the checkpoints (default: SELF_MRI_PROFILE, else the user’s data folder)',
  )
  .option(
    '--runs <folder>',
    'folder of all runs, which may be on a shared disk; stored in the profile (default: SELF_MRI_RUNS, else the ' +
      'stored folder, else runs/ in the profile)',
  )
  .option('--json', 'one JSON document on standard output')
  .showHelpAfterError('(--help lists the options)')
  .exitOverride()

const commands = [
  demoCommand,
  reproduceCommand,
  importCommand,
  studiesCommand,
  pretrainCommand,
  fineTuneCommand,
  trainCommand,
  evaluateCommand,
  reconstructCommand,
  exportKspaceCommand,
  runsCommand,
  recipesCommand,
  classicalCommand,
  tuneCommand,
  profileCommand,
  jobsCommand,
  jobCommand,
  serveCommand,
  engineCommand,
]
/** Whether a command has the options of a profile. `jobs` also acts without its subcommand. `job` opens no profile. */
function opensProfile(command: Command): boolean {
  if (command.name() === 'job') return false
  return command.name() === 'jobs' || command.commands.length === 0 || command.registeredArguments.length > 0
}

for (const make of commands) {
  const command = make()
  // These options are also allowed after the command's name.
  for (const each of [command, ...command.commands]) {
    each.exitOverride()
    if (opensProfile(each))
      each
        .option('--json', 'one JSON document on standard output')
        .option('--profile <folder>', 'folder of the database and the checkpoints')
        .option('--runs <folder>', 'folder of all runs')
  }
  program.addCommand(command)
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2 // commander has printed the message
}
