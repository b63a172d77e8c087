/**
 * Builds into out/: the window, which the host serves too, and Electron's main process with its preload.
 * SELF_MRI_BUILD names the parts to build, else all are.
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
 * Electron must not depend on stripping types itself, so main and the services in it become one file of JavaScript. They find
 * the migrations, the resources and the engine's worker beside their own source, though, and the worker runs from source, on
 * plain Node, in every host. With the source's address kept nothing is copied and every such path holds.
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
 * electron-vite declares `require` at the head of the file, for code that was CommonJS. Ours is not, and a module of ours
 * with a `require` of its own would then be a second declaration, which does not even load.
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
    // electron-vite leaves names and white space as they are: twice as much for the browser to read at every start.
    build: { minify: true, rolldownOptions: { input: 'src/renderer/index.html' } },
  },
}

const wanted = process.env.SELF_MRI_BUILD?.split(' ') ?? Object.keys(PARTS)

export default defineConfig(Object.fromEntries(Object.entries(PARTS).filter(([part]) => wanted.includes(part))))
