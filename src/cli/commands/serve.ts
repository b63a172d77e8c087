import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { exitCodeOf } from '../../services/profile/signals.ts'
import { findRun } from '../../services/runs/runs.ts'
import { demonstrationStudy } from '../../services/studies/demonstration.ts'
import { warmUp } from '../../services/viewing/warm-up.ts'
import { wholeNumber } from '../options.ts'
import { inSession } from '../session.ts'
import { print, say } from '../terminal.ts'

const ASSETS = fileURLToPath(new URL('../../../out/renderer', import.meta.url))

const ended = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

export const serveCommand = (): Command =>
  new Command('serve')
    .description('Serve the window to a browser on this machine, until Ctrl+C')
    .option('--port <n>', 'port on 127.0.0.1 (0: any free port)', wholeNumber, 0)
    .addOption(new Option('--assets <folder>', 'folder of another build of the window').default(ASSETS).hideHelp())
    .action(({ port, assets }: { port: number; assets: string }, command: Command) =>
      inSession(
        command,
        async ({ services, signal, stop, json }) => {
          if (!existsSync(join(assets, 'index.html')))
            throw new AppError(
              'FILE_UNREADABLE',
              `Expected the window in ${assets}, got nothing. Build the window with: npm start`,
            )
          await demonstrationStudy(services, signal)
          void warmUp(services.engines)
          // Imported here, because other commands start faster without the host.
          const { serve } = await import('../../host/serve.ts')
          const host = await serve(services, { port, assets })
          say('Open this URL in a browser on this machine. Ctrl+C ends the host.')
          print(json ? JSON.stringify({ url: host.url, port: host.port, token: host.token }) : host.url)
          await ended(signal)
          const how = stop()
          // The queue stops before the host, so that the window still receives the last events.
          const jobs = services.queue.doing
            .filter(({ run, isJob }) => isJob && findRun(services.profile, run).job)
            .map(({ run }) => `run ${run}`)
          const bySignal = how === 'cancel' || how === 'leave' ? null : how // Ctrl+C is the normal end of a host
          await services.queue.stop(bySignal ?? 'close')
          if (jobs.length > 0) say(`Jobs go on without the host: ${jobs.join(', ')}. The next host follows them.`)
          await host.close()
          if (bySignal) process.exitCode = exitCodeOf(bySignal)
        },
        { forWindow: true },
      ),
    )
