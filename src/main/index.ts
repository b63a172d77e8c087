/**
 * Entry of Electron's main process. The build puts this file and the services into out/main/index.js.
 * electron.vite.config.ts says how the services then find their files. The launcher sets SELF_MRI_NODE, the Node that
 * runs engine processes. See docs/decisions/0012-engines-are-plain-node.md.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as electron from 'electron'
import { createHandler } from '../services/http/handler.ts'
import { openServices } from '../services/open.ts'
import { profileDirectory } from '../services/profile/paths.ts'
import { hearSignals } from '../services/profile/signals.ts'
import { warmUp } from '../services/viewing/warm-up.ts'
import { type Backend, startDesktop } from './desktop.ts'

const fromOut = (path: string) => fileURLToPath(new URL(`../../out/${path}`, import.meta.url))

// `strict` is false, because Chromium's switches are among the arguments.
const { values } = parseArgs({ options: { profile: { type: 'string' }, runs: { type: 'string' } }, strict: false })
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
const profile = profileDirectory(textOf(values.profile))

function openBackend(): Backend {
  const services = openServices({ profile, runs: textOf(values.runs), forWindow: true })
  void warmUp(services.engines)
  return {
    handle: createHandler(services, { assets: fromOut('renderer') }),
    doing: () => services.queue.doing,
    close: services.close,
    dispose: services.dispose,
  }
}

// This promise is not awaited, because Electron becomes ready only after its entry has loaded.
void startDesktop(electron, {
  profile,
  preload: fromOut('preload/index.cjs'),
  development: Boolean(process.env.SELF_MRI_DEVELOPMENT),
  openBackend,
  hear: hearSignals,
})
