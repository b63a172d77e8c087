import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runToEnd } from './run.mjs'

const HEARTBEAT_MS = 2000
const STALE_MS = 30_000

/** Runs `npm ci` where node_modules is not what package-lock.json asks for on this platform. */
export async function installDependencies(root) {
  if (isCurrent(root)) return
  await whileLocked(root, async () => {
    if (isCurrent(root)) return
    if (!isInstalled(root)) await runNpm(root)
    writeFileSync(stampPath(root), stamp(root))
  })
}

const stampPath = root => join(root, 'node_modules', '.self-mri-lock')

function stamp(root) {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  return `${hash} ${process.platform}-${process.arch}\n`
}

function isCurrent(root) {
  try {
    return readFileSync(stampPath(root), 'utf8') === stamp(root)
  } catch {
    return false
  }
}

/** Whether npm already put exactly the locked packages there, as after an `npm install` by hand. */
function isInstalled(root) {
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return false
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true
    if (!Object.hasOwn(installed, path)) return entry.optional === true && !namesPlatform(entry)
    return installed[path].version === entry.version && existsSync(join(root, path, 'package.json'))
  })
}

/** Other optional packages may rightly be absent: another platform's, what those need, another C library's. */
const namesPlatform = ({ os, cpu, libc }) => os?.includes(process.platform) && cpu?.includes(process.arch) && !libc

async function runNpm(root) {
  rmSync(stampPath(root), { force: true })
  console.error('Installing the packages of package-lock.json (npm ci) …')
  // npm's report belongs on standard error: standard output is the command's own.
  const stdio = ['ignore', 2, 2]
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error']
  const status = await runToEnd('npm', args, { cwd: root, stdio }).catch(cause => {
    throw new Error(
      `Expected npm on the PATH, got ${cause.code ?? cause.message}. Install Node with npm and start again.`,
    )
  })
  if (status === 0) return
  throw Object.assign(
    new Error(
      `npm ci ended with status ${status}; its own words are above. Without a network, or behind a proxy, npm cannot ` +
        'fetch the packages: check the connection and the registry (npm config get registry), then start again.',
    ),
    { exitCode: status },
  )
}

/**
 * Two starts at once must not both empty node_modules. The lock is a folder (npm ci wipes node_modules, so it lies
 * beside it) whose time its owner refreshes; one that is not refreshed belonged to a process that died.
 */
async function whileLocked(root, work) {
  const lock = join(root, '.cache', 'npm-ci.lock')
  mkdirSync(join(root, '.cache'), { recursive: true })
  for (let waited = false; !take(lock); waited = true) {
    if (!waited) console.error('Waiting for another start that is installing the packages …')
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const heartbeat = setInterval(() => existsSync(lock) && utimesSync(lock, new Date(), new Date()), HEARTBEAT_MS)
  try {
    await work()
  } finally {
    clearInterval(heartbeat)
    rmSync(lock, { recursive: true, force: true })
  }
}

function take(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > STALE_MS) rmSync(lock, { recursive: true, force: true })
  return false
}
