/** app://self-mri, from which the window loads everything: the handler that also answers over HTTP in the headless host. */
import type { Electron } from './electron.ts'

const SCHEME = 'app'
const HOST = 'self-mri'
export const ORIGIN = `${SCHEME}://${HOST}`

export type Handler = (request: Request) => Promise<Response>

/** To be called before the app is ready. An origin like that of https, so that fetch, streams and modules work as there. */
export function declareScheme({ protocol }: Electron): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true }
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { ...privileges, codeCache: true } }])
}

export function serveScheme({ protocol }: Electron, handle: Handler): void {
  protocol.handle(SCHEME, request =>
    new URL(request.url).host === HOST ? handle(request) : new Response('Not found', { status: 404 }),
  )
}
