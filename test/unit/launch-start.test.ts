/** `npm start` builds the window if its sources changed, and opens the app in Electron or the browser. No downloads. */
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeProject, scripts } from './launch-project.ts'

const { hasDisplay, provideElectron } = await import(join(scripts, 'launch', 'electron.mjs'))

const ADDRESS = 'http://127.0.0.1:4321/?token=secret'
const SCREEN = { DISPLAY: ':7' }

let project: ReturnType<typeof makeProject>
beforeEach(() => {
  project = makeProject()
  project.writePackages()
  project.write('electron.vite.config.ts', '')
  project.write('src/renderer/index.html', '<title>1</title>')
  project.write('src/main/index.ts', '1')
  project.write('src/preload/index.ts', '1')
  writeBuilder()
  project.writeProgram(`console.log('Self-MRI ' + process.argv.slice(2).join(' '))\nconsole.log('${ADDRESS}')`)
  project.writeCommand('bin/xdg-open', `#!/bin/sh\necho "$1" >> "${project.root}/opened.log"\n`)
})
afterEach(() => project.remove())

/** Writes a script that takes the place of electron-vite. */
function writeBuilder(more = ''): void {
  project.write(
    'node_modules/electron-vite/bin/electron-vite.js',
    `const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
    const out = process.argv[process.argv.indexOf('--outDir') + 1]
    appendFileSync('build.log', process.env.SELF_MRI_BUILD + '\\n')
    for (const part of process.env.SELF_MRI_BUILD.split(' ')) {
      mkdirSync(out + '/' + part, { recursive: true })
      writeFileSync(out + '/' + part + '/built', String(Date.now()))
    }
    ${more}`,
  )
}

/** Writes an Electron whose program is this shell script. */
function writeElectron(script: string): void {
  writeElectronPackage('')
  project.write('node_modules/electron/path.txt', 'electron')
  project.writeCommand('node_modules/electron/dist/electron', `#!/bin/sh\n${script}\n`)
}

/** Writes Electron's package as npm installs it, without the program, and this fetcher. */
function writeElectronPackage(fetcher: string): void {
  project.write('node_modules/electron/package.json', '{ "version": "45.0.0" }')
  project.write('scripts/launch/fetch-electron.mjs', fetcher)
}

const started = (env: NodeJS.ProcessEnv, ...args: string[]) => project.start(['start', ...args], env).done
const builds = () => project.lines('build.log')

describe('the window', () => {
  test('is built once, and again when its sources change', async () => {
    const first = await started({})
    expect(first).toMatchObject({ status: 0, output: `Self-MRI serve\n${ADDRESS}\n` })
    expect(first.errors).toContain('Building the app (renderer)')
    expect(await started({})).toMatchObject({ status: 0, errors: '' })
    expect(builds()).toEqual(['renderer'])
    // Without Electron only the window is built, because the services run from source.
    project.write('src/services/open.ts', '2')
    await started({})
    expect(builds()).toEqual(['renderer'])
    project.write('src/renderer/index.html', '<title>2</title>')
    await started({})
    project.write('src/presentation/numbers.ts', '2')
    await started({})
    expect(builds()).toEqual(['renderer', 'renderer', 'renderer'])
    expect(existsSync(join(project.root, '.cache', 'build'))).toBe(false)
  })

  test('stops the start if it cannot be built, and keeps the last build', async () => {
    await started({})
    const built = readFileSync(join(project.root, 'out', 'renderer', 'built'), 'utf8')
    project.write('src/renderer/index.html', '<title>2</title>')
    writeBuilder("console.error('error in index.html')\nprocess.exit(3)")
    const failed = await started({})
    expect(failed).toMatchObject({ status: 3, output: '' })
    expect(failed.errors).toMatch(/error in index.html\n.*could not be built/s)
    expect(readFileSync(join(project.root, 'out', 'renderer', 'built'), 'utf8')).toBe(built)
    writeBuilder()
    expect(await started({})).toMatchObject({ status: 0 })
    expect(builds()).toHaveLength(3)
  })

  test('is named as missing in an incomplete checkout', async () => {
    rmSync(join(project.root, 'src', 'renderer'), { recursive: true })
    expect(await started({})).toMatchObject({
      status: 1,
      errors: expect.stringContaining('Is this checkout complete?'),
    })
  })

  test('is built for `serve` as well, and for no other command', async () => {
    await project.launch('self-mri', 'runs')
    expect(builds()).toEqual([])
    expect(await project.launch('self-mri', 'serve', '--port', '0')).toMatchObject({
      status: 0,
      output: `Self-MRI serve --port 0\n${ADDRESS}\n`,
    })
    expect(builds()).toEqual(['renderer'])
  })
})

describe('without a display', () => {
  test('the app is served, and no browser is opened', async () => {
    writeElectron('exit 0')
    expect(await started({}, '--profile', 'here')).toMatchObject({
      output: `Self-MRI serve --profile here\n${ADDRESS}\n`,
    })
    expect(project.lines('opened.log')).toEqual([])
  })

  test('hasDisplay is false, and it is true on macOS, under X and under Wayland', () => {
    const on = (platform: string, env = {}) => hasDisplay({ platform, env })
    expect([on('darwin'), on('linux', SCREEN), on('linux', { WAYLAND_DISPLAY: 'wayland-0' })]).toEqual([
      true,
      true,
      true,
    ])
    expect([on('linux'), on('linux', { DISPLAY: '' })]).toEqual([false, false])
  })
})

describe('Electron', () => {
  test('opens the app, and gets the Node that runs the engine', async () => {
    writeElectron(
      'echo "$*"; echo "$SELF_MRI_NODE"; echo "$SELF_MRI_NODE_FLAGS"; echo "[$ELECTRON_RUN_AS_NODE]"; exit 0',
    )
    const { output } = await started({ ...SCREEN, ELECTRON_RUN_AS_NODE: '1' }, '--profile', 'here')
    expect(output.split('\n').slice(0, 4)).toEqual([
      `${project.root} --profile here`,
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '[]',
    ])
    expect(builds()).toEqual(['renderer', 'main preload'])
  })

  test('is not used with --browser, and a browser opens', async () => {
    writeElectron('echo electron')
    expect(await started(SCREEN, '--browser')).toMatchObject({ output: `Self-MRI serve\n${ADDRESS}\n` })
    await vi.waitFor(() => expect(project.lines('opened.log')).toEqual([ADDRESS]), 5000)
    expect(builds()).toEqual(['renderer'])
  })

  test('is replaced by the browser if it fails at its start', async () => {
    writeElectron('kill -TRAP $$')
    const { output, errors } = await started(SCREEN)
    expect(errors).toContain('Electron could not open its window (133)')
    expect(output).toContain(ADDRESS)
  })

  test('is not followed by a browser if the user stops it', async () => {
    writeElectron('kill -INT $$')
    expect(await started(SCREEN)).toMatchObject({ status: 130, output: '' })
  })
})

describe('a missing Electron', () => {
  test('is fetched with progress, once', async () => {
    writeElectronPackage(`
      import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
      for (const fraction of [0.1, 0.12, 0.5, 1]) process.send({ fraction })
      mkdirSync('node_modules/electron/dist')
      writeFileSync('node_modules/electron/dist/electron', '#!/bin/sh\\necho window')
      chmodSync('node_modules/electron/dist/electron', 0o755)
      writeFileSync('node_modules/electron/path.txt', 'electron')
      process.disconnect()`)
    const first = await started(SCREEN)
    expect(first.output).toBe('window\n')
    expect(first.errors.match(/Fetching Electron 45.0.0: \d+ %/g)).toEqual(
      [10, 50, 100].map(percent => `Fetching Electron 45.0.0: ${percent} %`),
    )
    expect(await started(SCREEN)).toMatchObject({ output: 'window\n', errors: '' })
  })

  test('that cannot be fetched prints one line, opens the browser, and is not fetched again for a day', async () => {
    writeElectronPackage("process.send({ failure: 'getaddrinfo ENOTFOUND github.com' })\nsetInterval(() => {}, 1000)")
    const first = await started(SCREEN)
    expect(first.output).toContain(ADDRESS)
    expect(first.errors.split('\n').filter(line => line.includes('Electron'))).toEqual([
      expect.stringContaining(
        'Electron 45.0.0 cannot be had (getaddrinfo ENOTFOUND github.com), so the app opens in the browser.',
      ),
    ])
    expect(await started(SCREEN)).toMatchObject({ status: 0, errors: '' })
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000)
    utimesSync(join(project.root, 'cache', 'electron-45.0.0.failed'), yesterday, yesterday)
    expect((await started(SCREEN)).errors).toContain('cannot be had')
  })

  test('is given up if nothing arrives, but not if the download is slow', async () => {
    const node = process.execPath
    const fetcher = join(project.root, 'scripts', 'launch', 'fetch-electron.mjs')
    const fromProject = await import(join(project.root, 'scripts', 'launch', 'electron.mjs'))
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      writeElectronPackage('setInterval(() => {}, 1000)')
      const options = { node, cache: join(project.root, 'cache'), silenceMs: 600 }
      const before = Date.now()
      expect(await fromProject.provideElectron(project.root, options)).toBeNull()
      expect(Date.now() - before).toBeLessThan(5000)
      expect(errors).toHaveBeenCalledWith(expect.stringContaining('nothing arrived in 0.6 s'))
      writeFileSync(
        fetcher,
        `let fraction = 0
        const timer = setInterval(() => {
          process.send({ fraction: (fraction += 0.25) })
          if (fraction < 1) return
          clearInterval(timer)
          process.send({ failure: 'arrived' })
        }, 400)`,
      )
      rmSync(join(project.root, 'cache'), { recursive: true })
      expect(await fromProject.provideElectron(project.root, options)).toBeNull()
      expect(errors).toHaveBeenLastCalledWith(expect.stringContaining('(arrived)'))
    } finally {
      vi.restoreAllMocks()
    }
  })
})

test('the real fetcher names the reason if there is no network', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  const cache = join(project.root, 'cache')
  mkdirSync(cache)
  // The mirror takes the place of GitHub, no program listens on port 9, and the cache of archives is empty.
  vi.stubEnv('ELECTRON_MIRROR', 'http://127.0.0.1:9/')
  vi.stubEnv('electron_config_cache', cache)
  vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', join(project.root, 'nowhere'))
  try {
    expect(await provideElectron(join(scripts, '..'), { node: process.execPath, cache })).toBeNull()
    expect(errors).toHaveBeenCalledWith(expect.stringMatching(/cannot be had \(.*(?:ECONNREFUSED|bad port)/))
  } finally {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  }
})
