/** One job, which a scheduler or a script starts. Opens no profile. */
import process from 'node:process'
import { Command } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { carryOutJob } from '../../services/places/jobs/job.ts'
import { callersPath } from '../../services/profile/paths.ts'
import { say } from '../terminal.ts'

export const jobCommand = (): Command =>
  new Command('job')
    .description(
      'Do the work of a job folder. Slurm and other schedulers call this command. ' +
        'Exit codes: 0 done, 75 start the job again, 130 stopped, 1 failed',
    )
    .argument('<folder>', 'a job’s folder, with a file request.json')
    .action(async (folder: string) => {
      process.stderr.on('error', () => {}) // the log may be on a full disk
      try {
        // At once, because a job whose process lingers holds its node.
        process.exit(await carryOutJob(callersPath(folder), { say }))
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        say(error.message)
        process.exit(1)
      }
    })
