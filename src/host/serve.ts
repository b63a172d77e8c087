/** Serves the window over HTTP to browsers on this computer only. */
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { AppError } from '../contract/errors.ts'
import { createHandler } from '../services/http/handler.ts'
import type { Services } from '../services/open.ts'
import { makeGuard, makeToken } from './guard.ts'

export interface HostOptions {
  /** 0: any free port. */
  readonly port: number
  /** Folder of the bundled window. */
  readonly assets: string
}

export interface Host {
  readonly port: number
  readonly token: string
  /** Opens the window in a browser. The URL contains the token. */
  readonly url: string
  /** Accepts no more requests and ends open streams. The services stay open. */
  close(): Promise<void>
}

const ADDRESS = '127.0.0.1'

export async function serve(services: Services, { port: wanted, assets }: HostOptions): Promise<Host> {
  const handle = createHandler(services, { assets })
  const token = makeToken()
  let guard: ReturnType<typeof makeGuard> | null = null
  const server = createAdaptorServer({
    fetch: (request: Request) => guard?.(request) ?? handle(request),
    overrideGlobalObjects: false,
  })
  if ('requestTimeout' in server) server.requestTimeout = 0 // a large file through a slow tunnel takes long
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => {
      const message = `Expected a free port, got ${wanted}: ${cause.message}. Use --port 0 for any free port.`
      reject(new AppError('INVALID_ARGUMENT', message, cause))
    })
    server.listen(wanted, ADDRESS, resolve)
  })
  const { port } = server.address() as AddressInfo
  guard = makeGuard(port, token)
  return {
    port,
    token,
    url: `http://${ADDRESS}:${port}/?token=${token}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
