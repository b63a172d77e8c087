/** The desktop, with a fake Electron. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startDesktop } from '../../../src/main/desktop.ts'
import type { Doing } from '../../../src/main/quit.ts'
import type { hearSignals } from '../../../src/services/profile/signals.ts'
import { fakeElectron } from './fake-electron.ts'

let profile: string
let fake: ReturnType<typeof fakeElectron>
beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-desktop-'))
  fake = fakeElectron()
})
afterEach(() => rmSync(profile, { recursive: true, force: true }))

const backend = {
  handle: vi.fn(async (request: Request) => new Response(new URL(request.url).pathname)),
  doing: vi.fn((): readonly Doing[] => []),
  close: vi.fn(async (_how?: string, _cancelJobs?: boolean) => {}),
  dispose: vi.fn(),
}
beforeEach(() => {
  vi.clearAllMocks()
  backend.doing.mockReturnValue([])
  backend.close.mockResolvedValue()
})

let signal: Parameters<typeof hearSignals>[0]
const hear: typeof hearSignals = end => {
  signal = end
}

async function start({ development = false, openBackend = () => backend } = {}) {
  const options = { profile, preload: '/out/preload.cjs', development, openBackend, hear }
  const started = startDesktop(fake.electron, options)
  fake.becomeReady()
  await started
}

describe('starting', () => {
  test('the scheme is declared before Electron is ready, and the window opens afterwards', async () => {
    await start()
    expect(fake.log).toEqual(['privileges', 'ready', 'window'])
    const [[schemes]] = fake.protocol.registerSchemesAsPrivileged.mock.calls
    expect(schemes).toEqual([
      { scheme: 'app', privileges: expect.objectContaining({ standard: true, secure: true, supportFetchAPI: true }) },
    ])
    expect(JSON.stringify(schemes)).not.toContain('bypassCSP')
  })

  test('the window is sandboxed, isolated, without Node, and shown when it has something to show', async () => {
    await start()
    const { options, show, loadURL } = fake.window
    expect(options).toMatchObject({ show: false, backgroundColor: '#0b0d10', minWidth: 1024, minHeight: 700 })
    expect(options.webPreferences).toMatchObject({
      preload: '/out/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
    })
    expect(loadURL).toHaveBeenCalledWith('app://self-mri/')
    expect(show).not.toHaveBeenCalled()
    fake.window.emit('ready-to-show')
    expect(show).toHaveBeenCalled()
  })

  test('app://self-mri leads to the handler, and every other host is refused', async () => {
    await start()
    expect(await (await fake.fetch('app://self-mri/rpc/runs/list', { method: 'POST' })).text()).toBe('/rpc/runs/list')
    expect((await fake.fetch('app://elsewhere/rpc/runs/list')).status).toBe(404)
    expect(backend.handle).toHaveBeenCalledTimes(1)
  })

  test('a second start with one profile shows the window of the first start', async () => {
    fake.app.requestSingleInstanceLock.mockReturnValue(false)
    await start()
    expect(fake.windows).toHaveLength(0)
    expect(fake.app.quit).toHaveBeenCalled()
    expect(fake.app.setPath).toHaveBeenCalledWith('userData', join(profile, 'electron'))

    fake = fakeElectron()
    await start()
    fake.window.isMinimized.mockReturnValue(true)
    fake.app.emit('second-instance')
    expect(fake.window.restore).toHaveBeenCalled()
    expect(fake.window.focus).toHaveBeenCalled()
  })

  test('a failure is shown with its reason', async () => {
    await start({
      openBackend: () => {
        throw new Error('Expected a database')
      },
    })
    expect(fake.dialog.showErrorBox).toHaveBeenCalledWith(expect.any(String), 'Expected a database')
    expect(fake.app.exit).toHaveBeenCalledWith(1)
  })
})

describe('the window’s position', () => {
  test('is remembered, but only its size if the screen is disconnected', async () => {
    await start()
    expect(fake.window.options).toMatchObject({ width: 1440, height: 900 })
    fake.window.isMaximized.mockReturnValue(true)
    fake.window.emit('close', { preventDefault() {} })

    fake = fakeElectron()
    await start()
    expect(fake.window.options).toMatchObject({ x: 10, y: 20, width: 1200, height: 800 })
    fake.window.emit('ready-to-show')
    expect(fake.window.maximize).toHaveBeenCalled()

    fake = fakeElectron()
    fake.screen.getAllDisplays.mockReturnValue([{ workArea: { x: 3000, y: 0, width: 800, height: 600 } }])
    await start()
    expect(fake.window.options).toMatchObject({ width: 1200, height: 800 })
    expect(fake.window.options).not.toHaveProperty('x')
  })

  test('is the default if the stored position is damaged', async () => {
    writeFileSync(join(profile, 'window.json'), '{"width": "wide"}')
    await start()
    expect(fake.window.options).toMatchObject({ width: 1440, height: 900 })
  })
})

describe('the window may not', () => {
  beforeEach(() => start())

  test('open another page, neither whole nor in a frame', () => {
    const page = fake.page()
    expect(page.navigate('https://github.com/')).toBe(false)
    expect(page.navigate('file:///etc/passwd')).toBe(false)
    expect(page.navigate('app://elsewhere/')).toBe(false)
    expect(page.navigate('app://self-mri.elsewhere/')).toBe(false)
    expect(page.navigate('app://self-mri/', false)).toBe(false)
    expect(page.navigate('app://self-mri/')).toBe(true)
    const webview = { preventDefault: vi.fn() }
    page.emit('will-attach-webview', webview)
    expect(webview.preventDefault).toHaveBeenCalled()
  })

  test('open windows, but a listed link opens in the system’s browser', () => {
    const page = fake.page()
    for (const address of [
      'http://arxiv.org/abs/2002.05709',
      'https://arxiv.org.example.com/',
      'https://user@arxiv.org/',
      'file:///etc/passwd',
      'app://self-mri/',
      'nonsense',
    ]) {
      expect(page.open(address)).toBe(false)
    }
    expect(fake.shell.openExternal).not.toHaveBeenCalled()
    expect(page.open('https://arxiv.org/abs/2002.05709')).toBe(false)
    expect(fake.shell.openExternal).toHaveBeenCalledWith('https://arxiv.org/abs/2002.05709')
  })

  test('get any permission', () => {
    const handlerOf = (name: keyof typeof fake.permissions) =>
      fake.permissions[name].mock.calls[0][0] as (...args: unknown[]) => unknown
    const answer = vi.fn()
    handlerOf('setPermissionRequestHandler')({}, 'media', answer)
    expect(answer).toHaveBeenCalledWith(false)
    expect(handlerOf('setPermissionCheckHandler')()).toBe(false)
    expect(handlerOf('setDevicePermissionHandler')()).toBe(false)
  })
})

describe('native calls', () => {
  beforeEach(() => start())

  test('are answered for our own page only', async () => {
    expect(fake.channels()).toEqual(['openFiles', 'openFolder', 'saveFile', 'showInFolder'])
    for (const channel of fake.channels()) {
      for (const origin of ['https://example.com', 'app://elsewhere', 'null', null]) {
        await expect(fake.call(channel, 'x', origin)).rejects.toThrow('Expected a call from app://self-mri')
      }
    }
    expect(fake.dialog.showOpenDialog).not.toHaveBeenCalled()
  })

  test('open a folder, open files', async () => {
    expect(await fake.call('openFolder')).toBeNull()
    expect(await fake.call('openFiles')).toEqual([])
    fake.dialog.showOpenDialog.mockResolvedValue({ filePaths: ['/data/a.h5', '/data/b.h5'] })
    expect(await fake.call('openFolder')).toBe('/data/a.h5')
    expect(await fake.call('openFiles')).toEqual(['/data/a.h5', '/data/b.h5'])
    expect(fake.dialog.showOpenDialog).toHaveBeenCalledWith(fake.window, { properties: ['openDirectory'] })
  })

  test('ask for a path to save, and the proposed name contains no folder', async () => {
    expect(await fake.call('saveFile', '../../scan.h5')).toBeNull()
    expect(fake.dialog.showSaveDialog).toHaveBeenCalledWith(fake.window, {
      defaultPath: 'scan.h5',
      properties: expect.arrayContaining(['showOverwriteConfirmation']),
    })
    await expect(fake.call('saveFile', 5)).rejects.toThrow('Expected text, got number')
  })

  test('show only files in their folder that the app wrote', async () => {
    for (const path of ['/etc/passwd', `${profile}/../x`, `${profile}-elsewhere/x`, '/data/out.h5']) {
      await expect(fake.call('showInFolder', path)).rejects.toThrow('Expected a file that the app wrote')
    }
    fake.dialog.showSaveDialog.mockResolvedValue({ filePath: '/data/out.h5' })
    await fake.call('saveFile', 'out.h5')
    await fake.call('showInFolder', '/data/out.h5')
    await fake.call('showInFolder', join(profile, 'runs', '1', 'best.safetensors'))
    expect(fake.shell.showItemInFolder.mock.calls).toEqual([
      ['/data/out.h5'],
      [join(profile, 'runs', '1', 'best.safetensors')],
    ])
  })
})

describe('the menu', () => {
  const roles = () => JSON.stringify(fake.Menu.buildFromTemplate.mock.calls[0][0])

  test('has Reload for developers only', async () => {
    await start()
    expect(roles()).toContain('"editMenu"')
    expect(roles()).not.toMatch(/reload|toggleDevTools/)
    fake = fakeElectron()
    await start({ development: true })
    expect(roles()).toMatch(/reload.*toggleDevTools/)
  })
})

describe('quitting', () => {
  const RUN_3: Doing = { words: 'run 3: epoch 2/10', isJob: false }
  const RUN_4: Doing = { words: 'run 4: epoch 1/10', isJob: false }
  const JOB_5: Doing = { words: 'run 5: waits in Slurm', isJob: true }
  const JOB_6: Doing = { words: 'run 6: epoch 7/10', isJob: true }

  /** Sends the event, and returns whether the window or the app may close at once. */
  function wish(name: 'close' | 'before-quit'): boolean {
    const event = { preventDefault: vi.fn() }
    if (name === 'close') fake.window.emit(name, event)
    else fake.app.emit(name, event)
    return event.preventDefault.mock.calls.length === 0
  }

  test.each(['close', 'before-quit'] as const)('by %s closes the services first', async name => {
    await start()
    expect(wish(name)).toBe(false)
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalledTimes(1))
    expect(backend.close).toHaveBeenCalledTimes(1)
    expect(fake.dialog.showMessageBox).not.toHaveBeenCalled()
    expect(wish('before-quit')).toBe(true)
    expect(wish('close')).toBe(true)
    expect(existsSync(join(profile, 'window.json'))).toBe(true)
    expect(JSON.parse(readFileSync(join(profile, 'window.json'), 'utf8'))).toMatchObject({ width: 1200 })
  })

  test('asks once during a training, waits for its last weights, and then quits', async () => {
    await start()
    backend.doing.mockReturnValue([RUN_3])
    let written = () => {}
    backend.close.mockImplementation(() => new Promise<void>(resolve => (written = resolve)))
    wish('close')
    wish('close')
    wish('before-quit')
    await vi.waitFor(() => expect(backend.close).toHaveBeenCalledTimes(1))
    expect(fake.dialog.showMessageBox.mock.calls).toEqual([
      [fake.window, expect.objectContaining({ message: expect.stringContaining('run 3: epoch 2/10') })],
    ])
    expect(fake.app.quit).not.toHaveBeenCalled()
    written()
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalledTimes(1))
  })

  test('can be cancelled by the user', async () => {
    await start()
    backend.doing.mockReturnValue([RUN_3])
    fake.dialog.showMessageBox.mockResolvedValue({ response: 1 })
    wish('close')
    await new Promise(setImmediate)
    expect(backend.close).not.toHaveBeenCalled()
    expect(fake.app.quit).not.toHaveBeenCalled()
    fake.dialog.showMessageBox.mockResolvedValue({ response: 0 })
    wish('close')
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalled())
  })

  test('lists several trainings', async () => {
    await start()
    backend.doing.mockReturnValue([RUN_3, RUN_4])
    wish('close')
    await vi.waitFor(() => expect(backend.close.mock.calls).toEqual([['close', false]]))
    const [[, box]] = fake.dialog.showMessageBox.mock.calls
    expect(box).toMatchObject({
      message: '2 trainings are running.',
      detail: expect.stringContaining('run 3: epoch 2/10\nrun 4: epoch 1/10\n'),
      buttons: ['Cancel the trainings and quit', 'Keep training'],
      defaultId: 1,
    })
  })

  test.each([
    { response: 0, closed: [['close', false]] },
    { response: 1, closed: [['close', true]] },
    { response: 2, closed: [] },
  ])('with jobs asks whether they go on: button $response', async ({ response, closed }) => {
    await start()
    backend.doing.mockReturnValue([RUN_3, JOB_5, JOB_6])
    fake.dialog.showMessageBox.mockResolvedValue({ response })
    wish('close')
    await new Promise(setImmediate)
    const [[, box]] = fake.dialog.showMessageBox.mock.calls
    expect(box).toMatchObject({
      message: '2 jobs go on or wait.',
      detail: expect.stringMatching(/^run 5: waits in Slurm\nrun 6: .*\n\nTrainings of this machine .* run 3: epoch/),
      buttons: ['Leave the jobs running and quit', 'Cancel the jobs and quit', 'Keep the window open'],
      defaultId: 0,
      cancelId: 2,
    })
    expect(backend.close.mock.calls).toEqual(closed)
    expect(fake.app.quit).toHaveBeenCalledTimes(closed.length)
  })

  test('has the words of one job below the question', async () => {
    await start()
    backend.doing.mockReturnValue([{ words: 'run 5: Job 4711 waits for a free node.', isJob: true }])
    wish('close')
    await new Promise(setImmediate)
    const [[, box]] = fake.dialog.showMessageBox.mock.calls
    expect(box).toMatchObject({
      message: '1 job goes on or waits.',
      detail: expect.stringMatching(/^run 5: Job 4711 waits for a free node\.\n\nJobs go on/),
    })
  })

  test('by SIGTERM or SIGHUP asks no question, waits for the state, and has the signal’s exit code', async () => {
    for (const [name, code] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      fake = fakeElectron()
      vi.clearAllMocks()
      await start()
      backend.doing.mockReturnValue([RUN_3])
      let written = () => {}
      backend.close.mockImplementation(() => new Promise<void>(resolve => (written = resolve)))
      signal(name)
      await new Promise(setImmediate)
      expect(backend.close.mock.calls).toEqual([[name, false]])
      expect(fake.app.exit).not.toHaveBeenCalled()
      written()
      await vi.waitFor(() => expect(fake.app.exit.mock.calls).toEqual([[code]]))
      expect(fake.dialog.showMessageBox).not.toHaveBeenCalled()
    }
  })

  test('by Ctrl+C in the terminal asks, as the window does', async () => {
    await start()
    signal('SIGINT')
    expect(fake.app.quit).toHaveBeenCalledTimes(1)
    expect(backend.close).not.toHaveBeenCalled()
  })

  test('waits for a hanging engine for a limited time', async () => {
    await start()
    backend.close.mockReturnValue(new Promise(() => {}))
    vi.useFakeTimers()
    try {
      wish('before-quit')
      await vi.advanceTimersByTimeAsync(59_000)
      expect(fake.app.quit).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(2_000)
      expect(backend.dispose).toHaveBeenCalledTimes(1)
      expect(fake.app.quit).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })
})
