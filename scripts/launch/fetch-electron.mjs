/**
 * A process of its own: fetches Electron's archive into its cache, telling the parent how far it is, then lets Electron's
 * own install.js, which shows nothing while it fetches, check and unpack it.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const root = process.argv[2]
const fromElectron = createRequire(join(root, 'node_modules', 'electron', 'package.json'))

/** The innermost reason: `fetch failed` says nothing. */
const reasonOf = error => (error.cause ? reasonOf(error.cause) : (error.message || error.code || String(error)).trim())

try {
  const { downloadArtifact } = await import(pathToFileURL(fromElectron.resolve('@electron/get')).href)
  const { version } = fromElectron('./package.json')
  await downloadArtifact({
    version,
    artifactName: 'electron',
    platform: process.platform,
    arch: process.arch,
    cacheRoot: process.env.electron_config_cache,
    checksums: fromElectron('./checksums.json'),
    downloadOptions: { quiet: true, getProgressCallback: ({ percent }) => process.send({ fraction: percent }) },
  })
  process.send({ fraction: 1 })
  await promisify(execFile)(process.execPath, [fromElectron.resolve('./install.js')])
} catch (error) {
  process.exitCode = 1
  process.send({ failure: reasonOf(error) })
}
process.disconnect()
