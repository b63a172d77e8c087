/**
 * A separate process: fetches Electron's archive into Electron's cache, and sends the progress to its parent.
 * Then Electron's install.js checks and unpacks the archive. install.js alone shows no progress while it fetches.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const root = process.argv[2]
const fromElectron = createRequire(join(root, 'node_modules', 'electron', 'package.json'))

/** The message of the innermost cause, because the outer message is only `fetch failed`. */
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
