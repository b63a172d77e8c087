/**
 * The scheme app://self-mri, from which the window loads everything. The handler also answers HTTP in the headless
 * host.
 */
import type { Electron } from './electron.ts'

const SCHEME = 'app'
const HOST = 'self-mri'
export const ORIGIN = `${SCHEME}://${HOST}`

export type Handler = (request: Request) => Promise<Response>

/**
 * Call this before the app is ready. The origin gets the rights of an https origin, so that fetch, streams and modules
 * work.
 */
export function declareScheme({ protocol }: Electron): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true }
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { ...privileges, codeCache: true } }])
}

export function serveScheme({ protocol }: Electron, handle: Handler): void {
  protocol.handle(SCHEME, request =>
    new URL(request.url).host === HOST ? handle(request) : new Response('Not found', { status: 404 }),
  )
}
