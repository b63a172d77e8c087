import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const FETCH = join(dirname(fileURLToPath(import.meta.url)), 'fetch-electron.mjs')
/** Longest wait without progress, because without a network some connections neither open nor fail. */
const SILENCE_MS = 15_000
const DAY_MS = 24 * 60 * 60 * 1000

export function hasDisplay({ env = process.env, platform = process.platform } = {}) {
  return platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/** Path of Electron's program if it is there, found as node_modules/electron/index.js does, but without fetching. */
export function findElectron(root, env = process.env) {
  const folder = join(root, 'node_modules', 'electron')
  const { ELECTRON_OVERRIDE_DIST_PATH: override } = env
  const note = join(folder, 'path.txt')
  if (!override && !existsSync(note)) return null
  const path = join(override || join(folder, 'dist'), existsSync(note) ? readFileSync(note, 'utf8') : 'electron')
  return existsSync(path) ? path : null
}

/**
 * Path of Electron's program. If the program is missing, it is fetched, because its package lacks it since version 42.
 * If fetching fails, prints one line and returns null. For a day after a failure, later starts do not try to fetch.
 */
export async function provideElectron(root, { node, cache, silenceMs = SILENCE_MS, now = Date.now() }) {
  const found = findElectron(root)
  if (found) return found
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'electron', 'package.json'), 'utf8'))
  const failedPath = join(cache, `electron-${version}.failed`)
  const failedAt = statSync(failedPath, { throwIfNoEntry: false })?.mtimeMs
  if (failedAt !== undefined && now - failedAt < DAY_MS) return null
  const failure = await fetchElectron(root, { node, version, silenceMs })
  const fetched = failure === null ? findElectron(root) : null
  if (fetched) return fetched
  console.error(
    `Electron ${version} cannot be had (${failure ?? 'its program is missing after unpacking'}), ` +
      'so the app opens in the browser. Tried again tomorrow, or at once with: npx install-electron',
  )
  mkdirSync(cache, { recursive: true })
  writeFileSync(failedPath, '')
  return null
}

/** @returns null if Electron was fetched, else the reason in a few words. Shows the progress on standard error. */
function fetchElectron(root, { node, version, silenceMs }) {
  // Node's fetch uses HTTPS_PROXY only with this variable.
  const env = { NODE_USE_ENV_PROXY: '1', ...process.env }
  return new Promise(resolve => {
    const child = spawn(node, [FETCH, root], { cwd: root, env, stdio: ['ignore', 2, 2, 'ipc'] })
    const show = showProgress(`Fetching Electron ${version}`)
    let timer
    const giveUp = reason => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', interrupt)
      child.kill()
      show.end()
      resolve(reason)
    }
    const interrupt = signal => {
      child.kill()
      process.exit(128 + constants.signals[signal])
    }
    const listen = () => {
      clearTimeout(timer)
      timer = setTimeout(() => giveUp(`nothing arrived in ${silenceMs / 1000} s`), silenceMs)
    }
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt)
    listen()
    child.once('error', error => giveUp(error.message))
    child.once('exit', status => giveUp(status === 0 ? null : `its download ended with status ${status}`))
    child.on('message', ({ fraction, failure }) => {
      if (failure !== undefined) return giveUp(failure)
      show.update(fraction)
      // After the last byte, unpacking may take long, so the time limit ends.
      if (fraction < 1) listen()
      else clearTimeout(timer)
    })
  })
}

function showProgress(label) {
  let shown = -1
  const inPlace = process.stderr.isTTY
  return {
    update(fraction) {
      const percent = Math.floor(fraction * 100)
      if (percent === shown || (!inPlace && shown >= 0 && percent < shown + 10 && percent < 100)) return
      shown = percent
      process.stderr.write(inPlace ? `\r${label}: ${percent} %` : `${label}: ${percent} %\n`)
    },
    end() {
      if (inPlace && shown >= 0) process.stderr.write('\n')
    },
  }
}
