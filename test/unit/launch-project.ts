/** A temporary project for the launcher, with a fake npm that logs its calls. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const scripts = fileURLToPath(new URL('../../scripts', import.meta.url))

export function makeProject() {
  const root = mkdtempSync(join(tmpdir(), 'self-mri-launch-'))

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  function writeCommand(path: string, script: string): void {
    write(path, script)
    chmodSync(join(root, path), 0o755)
  }

  function lockPackages(version: string, more = {}): void {
    const notHere = { version: '9.0.0', optional: true, os: ['elsewhere'], cpu: [process.arch] }
    const packages = { '': {}, 'node_modules/a': { version }, 'node_modules/b': notHere, ...more }
    write('package-lock.json', JSON.stringify({ packages }))
  }

  /** Writes a fake npm. Like npm ci, it empties node_modules first. */
  function writeNpm(script: string): void {
    const emptied = `cd "${root}"\necho "$*" >> npm.log\nrm -rf node_modules\nmkdir node_modules`
    writeCommand('bin/npm', `#!/bin/sh\n${emptied}\n${script}\n`)
  }

  /** Writes packages that the launcher finds complete, so it does not call npm. */
  function writePackages(): void {
    write('node_modules/a/package.json', '{}')
    write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }))
  }

  const writeProgram = (script: string) => write('src/cli/main.ts', `const typed: number = 1\nvoid typed\n${script}\n`)

  /** The lines of a log, for example of the fake npm's log. */
  const lines = (path: string) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8').trimEnd().split('\n') : []

  function start(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const { NODE_COMPILE_CACHE: _ours, DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...inherited } = process.env
    const env = { ...inherited, PATH: `${join(root, 'bin')}:${process.env.PATH}`, SELF_MRI_CACHE: join(root, 'cache') }
    const child = spawn(process.execPath, [join(root, 'scripts', 'launch.mjs'), ...args], { env: { ...env, ...more } })
    const said = { output: '', errors: '' }
    child.stdout.on('data', text => (said.output += text))
    child.stderr.on('data', text => (said.errors += text))
    const done = new Promise<typeof said & { status: number | null }>(resolve => {
      child.once('close', status => resolve({ ...said, status }))
    })
    return { child, said, done }
  }

  cpSync(join(scripts, 'launch.mjs'), join(root, 'scripts', 'launch.mjs'))
  cpSync(join(scripts, 'launch'), join(root, 'scripts', 'launch'), { recursive: true })
  write('package.json', '{ "type": "module" }')
  lockPackages('1.0.0')
  writeNpm('echo added 1 package')
  writeProgram('console.log(JSON.stringify(process.argv.slice(2)))')

  return {
    root,
    write,
    writeCommand,
    lockPackages,
    writeNpm,
    writePackages,
    writeProgram,
    lines,
    start,
    launch: (...args: string[]) => start(args).done,
    // With retries, because a launched program may still write into its cache.
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}
