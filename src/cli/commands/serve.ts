import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { AppError } from '../../contract/errors.ts'
import { demonstrationStudy } from '../../services/demonstration.ts'
import { prepareEngine } from '../../services/engine.ts'
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
    .option('--port <n>', 'port on 127.0.0.1 (0: any that is free)', wholeNumber, 0)
    .addOption(new Option('--assets <folder>', 'another build of the window').default(ASSETS).hideHelp())
    .action(({ port, assets }: { port: number; assets: string }, command: Command) =>
      inSession(
        command,
        async ({ services, signal, json }) => {
          if (!existsSync(join(assets, 'index.html')))
            throw new AppError(
              'FILE_UNREADABLE',
              `Expected the window, which is built by npm start, got nothing in ${assets}`,
            )
          await demonstrationStudy(services, signal)
          prepareEngine(services)
          const { serve } = await import('../../host/serve.ts') // other commands start sooner without
          const host = await serve(services, { port, assets })
          say('Open this URL in a browser on this machine. Ctrl+C ends the host.')
          print(json ? JSON.stringify({ url: host.url, port: host.port, token: host.token }) : host.url)
          await ended(signal)
          await services.queue.stop() // last weights are written while the window can still hear of it
          await host.close()
        },
        { forWindow: true },
      ),
    )
