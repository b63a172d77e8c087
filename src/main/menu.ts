/** The standard menu. Only developers get reload and the developer tools. */
import type { MenuItemConstructorOptions } from 'electron'
import type { Electron } from './electron.ts'

export interface MenuOptions {
  readonly development: boolean
  readonly profile: string
}

export function setMenu({ app, Menu, shell }: Electron, { development, profile }: MenuOptions): void {
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  const view: MenuItemConstructorOptions[] = [
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    separator,
    { role: 'togglefullscreen' },
    ...(development ? [separator, { role: 'reload' } as const, { role: 'toggleDevTools' } as const] : []),
  ]
  app.setAboutPanelOptions({
    applicationName: 'Self-MRI',
    applicationVersion: app.getVersion(),
    copyright: 'Research use only. Not a medical device.',
  })
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    { role: 'fileMenu' },
    { role: 'editMenu' },
    { label: 'View', submenu: view },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Open profile folder', click: () => void shell.openPath(profile) },
        { label: 'About Self-MRI', click: () => app.showAboutPanel() },
      ],
    },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
