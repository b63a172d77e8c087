/** Forbids the window to navigate elsewhere, to open windows, and to use the camera, the location or devices. */
import type { Electron } from './electron.ts'
import { ORIGIN } from './scheme.ts'

/** Hosts of papers and sources that screens may link to. Links open in the system's browser. */
const LINKED = ['arxiv.org', 'doi.org', 'fastmri.med.nyu.edu', 'github.com']

export function mayOpenOutside(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname, username, password } = new URL(address)
  return protocol === 'https:' && LINKED.includes(hostname) && !username && !password
}

export function confineWindows({ app, session, shell }: Electron): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.setDevicePermissionHandler(() => false)
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-frame-navigate', event => {
      // The window may reload itself, as F5 does in a browser.
      if (!(event.isMainFrame && event.url.startsWith(`${ORIGIN}/`))) event.preventDefault()
    })
    contents.on('will-attach-webview', event => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      if (mayOpenOutside(url)) void shell.openExternal(url)
      return { action: 'deny' }
    })
  })
}
