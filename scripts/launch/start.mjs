import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { buildParts } from './build.mjs'
import { hasDisplay, provideElectron } from './electron.mjs'
import { runToEnd } from './run.mjs'

/** A desktop that ends with a failure sooner than this never had its window: no usable sandbox, a display that refuses. */
const FIRST_MS = 10_000
/** Ctrl+C, a kill and a terminal that closes are the user's wish, not a failure. */
const STOPPED = [0, 129, 130, 143]

/** Opens the app: in Electron's window where that can be had, else served to the browser. */
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

/** The engine's processes run on the Node that was chosen, not on Electron's own. */
function runDesktop(electron, root, args, { node, flags, env: { ELECTRON_RUN_AS_NODE: _asNode, ...env } }) {
  return runToEnd(electron, [root, ...args], {
    env: { ...env, SELF_MRI_NODE: node, SELF_MRI_NODE_FLAGS: flags.join(' ') },
  })
}

/** The host says its address, with the token in it, on a line of its own. */
function serve(root, args, { node, flags, env, open }) {
  const onLine = line => {
    if (/^http:\/\/127\.0\.0\.1:\S+$/.test(line)) open(line)
  }
  return runToEnd(node, [...flags, join(root, 'src', 'cli', 'main.ts'), 'serve', ...args], { env, onLine })
}

/** Without a browser to open, the address that was printed has to do. */
function openBrowser(address) {
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [address], {
    detached: true,
    stdio: 'ignore',
  })
  child.on('error', () => {})
  child.unref()
}
