import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const FETCH = join(dirname(fileURLToPath(import.meta.url)), 'fetch-electron.mjs')
/** Without a network some connections neither open nor fail. */
const SILENCE_MS = 15_000
const DAY_MS = 24 * 60 * 60 * 1000

export function hasDisplay({ env = process.env, platform = process.platform } = {}) {
  return platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/** Path of Electron's program where it is whole: as node_modules/electron/index.js finds it, without fetching. */
export function findElectron(root, env = process.env) {
  const folder = join(root, 'node_modules', 'electron')
  const { ELECTRON_OVERRIDE_DIST_PATH: override } = env
  const note = join(folder, 'path.txt')
  if (!override && !existsSync(note)) return null
  const path = join(override || join(folder, 'dist'), existsSync(note) ? readFileSync(note, 'utf8') : 'electron')
  return existsSync(path) ? path : null
}

/**
 * Electron's program, fetched where it is missing: since version 42 its package comes without it. Null, with one plain
 * line, where it cannot be had; that is remembered for a day, so that starting does not wait for it again and again.
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
    `Electron ${version} cannot be had (${failure ?? 'its program is missing after unpacking'}), so the app opens in the browser. ` +
      'Tried again tomorrow, or at once with: npx install-electron',
  )
  mkdirSync(cache, { recursive: true })
  writeFileSync(failedPath, '')
  return null
}

/** Null, or in a few words why it failed. Progress goes to standard error. */
function fetchElectron(root, { node, version, silenceMs }) {
  // Node's own fetch heeds HTTPS_PROXY only when told to.
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
      // All has arrived: unpacking takes as long as the disk does.
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
