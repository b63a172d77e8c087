/**
 * Gives the window its native calls, and nothing else of Electron. A call's channel is its name. The main process
 * checks the sender.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { DesktopApi } from '../contract/desktop.ts'

const desktop: DesktopApi = {
  openFolder: () => ipcRenderer.invoke('openFolder' satisfies keyof DesktopApi),
  openFiles: () => ipcRenderer.invoke('openFiles' satisfies keyof DesktopApi),
  saveFile: name => ipcRenderer.invoke('saveFile' satisfies keyof DesktopApi, name),
  showInFolder: path => ipcRenderer.invoke('showInFolder' satisfies keyof DesktopApi, path),
  // `pathOf` runs here, because a File cannot be sent to the main process.
  pathOf: file => webUtils.getPathForFile(file as File),
}

contextBridge.exposeInMainWorld('selfMri', desktop)
