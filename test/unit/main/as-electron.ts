/**
 * A process that takes the place of Electron for the built main. The module `electron` is a fake. As in Electron, the
 * event ready comes after the entry has loaded. The process makes the window's requests through app://, and prints the
 * answers as JSON.
 */
import { EventEmitter } from 'node:events'
import { registerHooks } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { contract } from '../../../src/contract/api.ts'

const ready = Promise.withResolvers<void>()
const opened = Promise.withResolvers<(request: Request) => Promise<Response>>()
const left = Promise.withResolvers<void>()

class Window extends EventEmitter {
  options: unknown
  constructor(options: unknown) {
    super()
    this.options = options
    opened.resolve(serve)
  }
  async loadURL() {}
}

let serve: (request: Request) => Promise<Response>
const app = Object.assign(new EventEmitter(), {
  whenReady: () => ready.promise,
  setPath() {},
  requestSingleInstanceLock: () => true,
  quit: left.resolve,
  exit: (status: number) => process.exit(status),
  getVersion: () => '0',
  setAboutPanelOptions() {},
})
const nothing = () => {}
const standIn = {
  app,
  BrowserWindow: Window,
  dialog: { showErrorBox: (_title: string, text: string) => console.error(text) },
  ipcMain: { handle: nothing },
  Menu: { buildFromTemplate: nothing, setApplicationMenu: nothing },
  protocol: {
    registerSchemesAsPrivileged: nothing,
    handle(_scheme: string, handler: typeof serve) {
      serve = handler
    },
  },
  screen: { getAllDisplays: () => [] },
  session: {
    defaultSession: {
      setPermissionRequestHandler: nothing,
      setPermissionCheckHandler: nothing,
      setDevicePermissionHandler: nothing,
    },
  },
  shell: {},
}
Object.assign(globalThis, { standIn })
const names = Object.keys(standIn)
const source = `export const { ${names.join(', ')} } = globalThis.standIn`
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
      : next(specifier, context),
})

const main = new URL('../../../out/main/index.js', import.meta.url)
process.argv.splice(1, 1, fileURLToPath(main))
await import(main.href)
ready.resolve()

const handle = await opened.promise
const page = await handle(new Request('app://self-mri/'))
const client: ContractRouterClient<typeof contract> = createORPCClient(
  new RPCLink({ url: 'app://self-mri/rpc', fetch: request => handle(request) }),
)
const { profile } = await client.app.info()
const html = await page.text()
app.emit('before-quit', { preventDefault: nothing })
await left.promise
console.log(JSON.stringify({ status: page.status, csp: page.headers.get('content-security-policy'), html, profile }))
