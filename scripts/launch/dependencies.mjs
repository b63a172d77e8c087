import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { whileLocked } from './lock.mjs'
import { runToEnd } from './run.mjs'

/** Runs `npm ci` if node_modules differs from package-lock.json on this platform. */
export async function installDependencies(root) {
  if (isCurrent(root)) return
  // npm ci empties node_modules, so the lock is in another folder.
  await whileLocked(join(root, '.cache', 'npm-ci.lock'), 'installing the packages', async () => {
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

/** Whether node_modules holds exactly the locked packages, for example after `npm install` by hand. */
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

/**
 * Whether an optional package is for exactly this platform. Other optional packages may be absent: packages for other
 * platforms or another C library, and their dependencies.
 */
const namesPlatform = ({ os, cpu, libc }) => os?.includes(process.platform) && cpu?.includes(process.arch) && !libc

async function runNpm(root) {
  rmSync(stampPath(root), { force: true })
  console.error('Installing the packages of package-lock.json (npm ci) …')
  // npm writes to standard error, because standard output belongs to the command.
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
