/**
 * Starts every command of Self-MRI: `node scripts/launch.mjs <demo|test|check|bench|self-mri> [arguments]`.
 * Each step runs only where it is needed and says so on standard error: the packages of package-lock.json, a Node that
 * can run the program, then the program itself. Plain Node without packages, as it runs before there are any.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './launch/cache.mjs'
import { installDependencies } from './launch/dependencies.mjs'
import { chooseNode } from './launch/node.mjs'
import { runToEnd } from './launch/run.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const COMMANDS = {
  demo: args => ['src/cli/main.ts', 'demo', ...args],
  test: args => ['scripts/test.mjs', 'test', ...args],
  check: args => ['scripts/test.mjs', 'check', ...args],
  bench: args => ['scripts/bench/main.ts', ...args],
  'self-mri': args => ['src/cli/main.ts', ...args],
}

async function launch(name, ...args) {
  if (!Object.hasOwn(COMMANDS, name ?? '')) {
    throw new Error(`Usage: node scripts/launch.mjs <${Object.keys(COMMANDS).join('|')}> [arguments]`)
  }
  await installDependencies(root)
  const { node, flags } = chooseNode(root)
  const [entry, ...rest] = COMMANDS[name](args)
  // A second start then skips stripping and compiling, as do the engine processes.
  const env = { NODE_COMPILE_CACHE: join(cacheDirectory(), 'compiled'), ...process.env }
  if (!existsSync(join(root, entry))) throw new Error(`Expected ${entry} in ${root}, got no such file.`)
  return runToEnd(node, [...flags, join(root, entry), ...rest], { env })
}

try {
  process.exitCode = await launch(...process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = error.exitCode ?? 1
}
