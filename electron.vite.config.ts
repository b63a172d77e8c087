/** Builds the window (also served by the headless host), Electron's main process and its preload into out/. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'

export default defineConfig({
  main: { build: { rollupOptions: { input: 'src/main/index.ts' } } },
  // A sandboxed preload must be CommonJS.
  preload: { build: { rollupOptions: { input: 'src/preload/index.ts', output: { format: 'cjs', entryFileNames: '[name].cjs' } } } },
  renderer: { root: 'src/renderer', plugins: [react()], build: { rollupOptions: { input: 'src/renderer/index.html' } } },
})
