/** The window: a sandboxed page without Node, shown when its first content is ready. */
import type { Electron, Window } from './electron.ts'
import { ORIGIN } from './scheme.ts'
import { readPlace, writePlace } from './window-place.ts'

export interface WindowOptions {
  readonly profile: string
  /** Path of the built preload. */
  readonly preload: string
}

export function openWindow(electron: Electron, { profile, preload }: WindowOptions): Window {
  const { maximized, ...place } = readPlace(electron, profile)
  const window = new electron.BrowserWindow({
    ...place,
    minWidth: 1024,
    minHeight: 700,
    show: false,
    title: 'Self-MRI',
    backgroundColor: '#0b0d10',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => {
    if (maximized) window.maximize()
    window.show()
  })
  window.on('close', () => writePlace(window, profile))
  void window.loadURL(`${ORIGIN}/`)
  return window
}
