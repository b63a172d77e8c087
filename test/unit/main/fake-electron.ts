/** A fake of the parts of `electron` that the desktop uses. It logs all calls, and tests send the system's events. */
import { EventEmitter } from 'node:events'
import { type Mock, vi } from 'vitest'
import type { Electron } from '../../../src/main/electron.ts'

type Spy = Mock<(...args: unknown[]) => unknown>
const spy = (answer?: (...args: unknown[]) => unknown): Spy => vi.fn(answer)

type Answer = (event: unknown, argument?: unknown) => Promise<unknown>

export class FakeWindow extends EventEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions
  readonly loadURL: Spy = spy(async () => {})
  readonly show: Spy = spy()
  readonly maximize: Spy = spy()
  readonly restore: Spy = spy()
  readonly focus: Spy = spy()
  readonly isMaximized: Spy = spy(() => false)
  readonly isMinimized: Spy = spy(() => false)
  readonly getNormalBounds: Spy = spy(() => ({ x: 10, y: 20, width: 1200, height: 800 }))

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super()
    this.options = options
  }
}

/** A page's `webContents`. `navigate` and `open` return whether the page was allowed. */
export class FakeContents extends EventEmitter {
  #openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' })

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#openHandler = handler
  }

  navigate(url: string, isMainFrame = true): boolean {
    let allowed = true
    const preventDefault = () => {
      allowed = false
    }
    this.emit('will-frame-navigate', { url, isMainFrame, preventDefault })
    return allowed
  }

  open(url: string): boolean {
    return this.#openHandler({ url }).action === 'allow'
  }
}

export function fakeElectron() {
  /** The calls, in order. */
  const log: string[] = []
  const windows: FakeWindow[] = []
  const answers = new Map<string, Answer>()
  const schemes = new Map<string, (request: Request) => Promise<Response>>()
  let becomeReady = () => {}
  const ready = new Promise<void>(resolve => {
    becomeReady = () => {
      log.push('ready')
      resolve()
    }
  })
  const permissions = {
    setPermissionRequestHandler: spy(),
    setPermissionCheckHandler: spy(),
    setDevicePermissionHandler: spy(),
  }
  const app: EventEmitter & Record<'setPath' | 'requestSingleInstanceLock' | 'quit' | 'exit', Spy> = Object.assign(
    new EventEmitter(),
    {
      whenReady: () => ready,
      setPath: spy(),
      requestSingleInstanceLock: spy(() => true),
      quit: spy(() => void log.push('quit')),
      exit: spy(),
      getVersion: () => '0.2.0',
      setAboutPanelOptions: spy(),
      showAboutPanel: spy(),
    },
  )
  class OpenedWindow extends FakeWindow {
    constructor(options: Electron.BrowserWindowConstructorOptions) {
      super(options)
      log.push('window')
      windows.push(this)
    }
  }
  const parts = {
    app,
    BrowserWindow: OpenedWindow as unknown,
    dialog: {
      showOpenDialog: spy(async () => ({ filePaths: [] })),
      showSaveDialog: spy(async () => ({ filePath: '' })),
      showMessageBox: spy(async () => ({ response: 0 })),
      showErrorBox: spy(),
    },
    ipcMain: { handle: (channel: string, answer: Answer) => void answers.set(channel, answer) },
    Menu: { buildFromTemplate: spy(template => template), setApplicationMenu: spy() },
    protocol: {
      registerSchemesAsPrivileged: spy(() => void log.push('privileges')),
      handle: (scheme: string, handler: (request: Request) => Promise<Response>) => void schemes.set(scheme, handler),
    },
    screen: { getAllDisplays: spy(() => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }]) },
    session: { defaultSession: permissions },
    shell: { openExternal: spy(async () => {}), openPath: spy(), showItemInFolder: spy() },
  }
  return {
    ...parts,
    electron: parts as unknown as Electron,
    log,
    windows,
    permissions,
    becomeReady,
    get window() {
      return windows[0]
    },
    channels: () => [...answers.keys()].sort(),
    /** A call from the page at `origin`. `null` stands for a closed frame. */
    call: async (channel: string, argument?: unknown, origin: string | null = 'app://self-mri') =>
      answers.get(channel)!({ senderFrame: origin === null ? null : { origin } }, argument),
    fetch: (address: string, init?: RequestInit) =>
      schemes.get(new URL(address).protocol.slice(0, -1))!(new Request(address, init)),
    /** Makes the contents of a page, with Electron's event. */
    page() {
      const contents = new FakeContents()
      app.emit('web-contents-created', {}, contents)
      return contents
    },
  }
}
