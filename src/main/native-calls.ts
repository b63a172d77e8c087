/** Answers the window's native calls: dialogs, and showing a file in its folder. */
import { basename, isAbsolute, relative, resolve } from 'node:path'
import type { DesktopApi } from '../contract/desktop.ts'
import type { Electron, Window } from './electron.ts'
import { ORIGIN } from './scheme.ts'

type NativeCalls = Omit<DesktopApi, 'pathOf'>

/** Checks an argument, because the window may send anything. */
function requireText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error(`Expected text, got ${typeof value}`)
}

export function answerNativeCalls(
  { dialog, ipcMain, shell }: Electron,
  { window, profile }: { readonly window: Window; readonly profile: string },
): void {
  const isInProfile = (path: string) => {
    const below = relative(profile, path)
    return !below.startsWith('..') && !isAbsolute(below)
  }
  const saved = new Set<string>()
  const calls = {
    async openFolder() {
      const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openDirectory'] })
      return filePaths[0] ?? null
    },
    async openFiles() {
      const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openFile', 'multiSelections'] })
      return filePaths
    },
    async saveFile(name: unknown) {
      // The window relies on the dialog's question before a file is replaced. On Linux the dialog asks only with this
      // property.
      const { filePath } = await dialog.showSaveDialog(window, {
        defaultPath: basename(requireText(name)),
        properties: ['createDirectory', 'showOverwriteConfirmation'],
      })
      if (!filePath) return null
      saved.add(filePath)
      return filePath
    },
    async showInFolder(path: unknown) {
      const whole = resolve(requireText(path))
      if (!saved.has(whole) && !isInProfile(whole)) {
        throw new Error(`Expected a file that the app wrote, got ${whole}`)
      }
      shell.showItemInFolder(whole)
    },
  } satisfies NativeCalls
  for (const [name, call] of Object.entries<(argument: unknown) => Promise<unknown>>(calls)) {
    ipcMain.handle(name, (event, argument) => {
      if (event.senderFrame?.origin !== ORIGIN) throw new Error(`Expected a call from ${ORIGIN}`)
      return call(argument)
    })
  }
}
