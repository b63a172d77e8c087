/** The `electron` module as a parameter, so that the desktop runs in tests against a fake one. */
export type Electron = Pick<
  typeof import('electron'),
  'app' | 'BrowserWindow' | 'dialog' | 'ipcMain' | 'Menu' | 'protocol' | 'screen' | 'session' | 'shell'
>

export type Window = Electron.BrowserWindow
