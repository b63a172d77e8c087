/**
 * Entry of Electron's main process, built into out/main/index.js with the services in it (electron.vite.config.ts says
 * how they still find their files). The launcher sets SELF_MRI_NODE, on which the engine's processes run.
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

// Chromium's own switches are among the arguments.
const { values } = parseArgs({ options: { profile: { type: 'string' } }, strict: false })
const profile = profileDirectory(typeof values.profile === 'string' ? values.profile : undefined)

function openBackend(): Backend {
  const services = openServices({ profile, forWindow: true })
  warmUp(services.engines)
  return {
    handle: createHandler(services, { assets: fromOut('renderer') }),
    doing: () => services.queue.doing,
    close: services.close,
    dispose: services.dispose,
  }
}

// Not awaited: Electron becomes ready only once its entry has loaded.
void startDesktop(electron, {
  profile,
  preload: fromOut('preload/index.cjs'),
  development: Boolean(process.env.SELF_MRI_DEVELOPMENT),
  openBackend,
  hear: hearSignals,
})
