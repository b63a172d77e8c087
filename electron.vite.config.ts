/**
 * Builds the window, Electron's main process and the preload into out/. The host serves the window, too.
 * SELF_MRI_BUILD names the parts to build. Without the variable, all parts are built.
 */
import { relative } from 'node:path'
import process from 'node:process'
import react from '@vitejs/plugin-react'
import { defineConfig, type ElectronViteConfigExport } from 'electron-vite'
import type { Plugin } from 'vite'

type Parts = Exclude<Awaited<ElectronViteConfigExport>, (...args: never) => unknown>

/**
 * Lets `import.meta.url` in the main process name the source file, as it does on plain Node.
 *
 * Electron should not strip types itself, so main and its services become one file of JavaScript. But services find the
 * migrations, the resources and the engine's worker by paths relative to their own source. The worker runs from source,
 * on plain Node, in every host. With the address of the source, all these paths hold, and nothing is copied.
 */
const sourceAddresses: Plugin = {
  name: 'self-mri:source-addresses',
  enforce: 'pre',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: 'import.meta.url' },
    handler(code, id) {
      const fromOut = `../../${relative(process.cwd(), id)}`
      return { code: code.replaceAll('import.meta.url', `new URL('${fromOut}', import.meta.url).href`), map: null }
    },
  },
}

/**
 * Removes the plugin of electron-vite that declares `require` at the head of the file, for code that was CommonJS.
 * Our code is not CommonJS. If one of our modules declares its own `require`, the file fails to load.
 */
const noShims: Plugin = {
  name: 'self-mri:no-shims',
  configResolved({ plugins }) {
    const shim = plugins.findIndex(({ name }) => name === 'vite:esm-shim')
    if (shim < 0) throw new Error('Expected electron-vite’s plugin vite:esm-shim, got none')
    ;(plugins as Plugin[]).splice(shim, 1)
  },
}

const PARTS: Parts = {
  main: {
    plugins: [sourceAddresses, noShims],
    build: { rolldownOptions: { input: 'src/main/index.ts', output: { codeSplitting: false } } },
  },
  // A sandboxed preload must be CommonJS.
  preload: {
    build: {
      rolldownOptions: { input: 'src/preload/index.ts', output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [react()],
    // By default, electron-vite does not minify, and the browser reads twice as much at every start.
    build: { minify: true, rolldownOptions: { input: 'src/renderer/index.html' } },
  },
}

const wanted = process.env.SELF_MRI_BUILD?.split(' ') ?? Object.keys(PARTS)

export default defineConfig(Object.fromEntries(Object.entries(PARTS).filter(([part]) => wanted.includes(part))))
