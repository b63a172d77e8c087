/** The `electron` module is a parameter, so that tests can run the desktop with a fake module. */
export type Electron = Pick<
  typeof import('electron'),
  'app' | 'BrowserWindow' | 'dialog' | 'ipcMain' | 'Menu' | 'protocol' | 'screen' | 'session' | 'shell'
>

export type Window = Electron.BrowserWindow
