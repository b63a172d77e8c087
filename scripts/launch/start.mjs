import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { buildParts } from './build.mjs'
import { hasDisplay, provideElectron } from './electron.mjs'
import { runToEnd } from './run.mjs'

/** A desktop that fails sooner had no window, for example because the sandbox or the display was not usable. */
const FIRST_MS = 10_000
/** Exit statuses after an ordinary end, Ctrl+C, a kill or a closed terminal. The user wanted these ends. */
const STOPPED = [0, 129, 130, 143]

/** Opens the app in Electron's window. If Electron cannot be used, serves the app to the browser. */
export async function startApp(root, args, { node, flags, env, cache }) {
  const rest = args.filter(arg => arg !== '--browser')
  await buildParts(root, ['renderer'], { node, flags })
  const display = hasDisplay()
  const electron = display && !args.includes('--browser') ? await provideElectron(root, { node, cache }) : null
  if (electron) {
    await buildParts(root, ['main', 'preload'], { node, flags })
    const started = Date.now()
    const status = await runDesktop(electron, root, rest, { node, flags, env }).catch(error => error.code)
    if (STOPPED.includes(status) || Date.now() - started > FIRST_MS) return status
    console.error(`Electron could not open its window (${status}), so the app opens in the browser.`)
  }
  return serve(root, rest, { node, flags, env, open: display ? openBrowser : () => {} })
}

/** Passes the chosen Node on, because the engine's processes do not run on Electron's Node. */
function runDesktop(electron, root, args, { node, flags, env: { ELECTRON_RUN_AS_NODE: _asNode, ...env } }) {
  return runToEnd(electron, [root, ...args], {
    env: { ...env, SELF_MRI_NODE: node, SELF_MRI_NODE_FLAGS: flags.join(' ') },
  })
}

/** The host prints its address, which includes the token, as one whole line. */
function serve(root, args, { node, flags, env, open }) {
  const onLine = line => {
    if (/^http:\/\/127\.0\.0\.1:\S+$/.test(line)) open(line)
  }
  return runToEnd(node, [...flags, join(root, 'src', 'cli', 'main.ts'), 'serve', ...args], { env, onLine })
}

/** Opens the browser. If there is none, the user still has the printed address. */
function openBrowser(address) {
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [address], {
    detached: true,
    stdio: 'ignore',
  })
  child.on('error', () => {})
  child.unref()
}
