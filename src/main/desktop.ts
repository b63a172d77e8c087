/** The desktop app: the services in this process, and one window that calls the services through app://. */

import { join } from 'node:path'
import { reasonOf } from '../contract/errors.ts'
import { makeFolder } from '../services/profile/paths.ts'
import type { hearSignals } from '../services/profile/signals.ts'
import { confineWindows } from './confinement.ts'
import type { Electron } from './electron.ts'
import { setMenu } from './menu.ts'
import { answerNativeCalls } from './native-calls.ts'
import { type Closing, guardQuit, stopAtSignals } from './quit.ts'
import { declareScheme, type Handler, serveScheme } from './scheme.ts'
import { openWindow } from './window.ts'

/** The services that the window calls. */
export interface Backend extends Closing {
  readonly handle: Handler
}

export interface DesktopOptions {
  readonly profile: string
  /** Path of the built preload. */
  readonly preload: string
  readonly development: boolean
  readonly openBackend: () => Backend
  readonly hear: typeof hearSignals
}

/** Call this while the program loads, because the scheme must be declared before Electron is ready. */
export function startDesktop(electron: Electron, options: DesktopOptions): Promise<void> {
  const { app, dialog } = electron
  declareScheme(electron)
  // The instance lock belongs to this folder, so a profile has at most one window.
  const userData = join(options.profile, 'electron')
  makeFolder(userData)
  app.setPath('userData', userData)
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return Promise.resolve()
  }
  return app
    .whenReady()
    .then(() => openDesktop(electron, options))
    .catch(error => {
      dialog.showErrorBox('Self-MRI could not start', reasonOf(error))
      app.exit(1)
    })
}

function openDesktop(electron: Electron, { profile, preload, development, openBackend, hear }: DesktopOptions): void {
  const backend = openBackend()
  stopAtSignals(electron, hear, backend)
  confineWindows(electron)
  serveScheme(electron, backend.handle)
  setMenu(electron, { development, profile })
  const window = openWindow(electron, { profile, preload })
  answerNativeCalls(electron, { window, profile })
  guardQuit(electron, window, backend)
  electron.app.on('second-instance', () => {
    if (window.isMinimized()) window.restore()
    window.focus()
  })
}
