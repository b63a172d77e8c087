/**
 * Starts every command of Self-MRI: `node scripts/launch.mjs <start|demo|test|…> [arguments]`.
 * It installs the packages of package-lock.json, chooses a Node that can run the program, builds the window if the
 * command shows the window, and runs the program. Each step runs only if it is needed, and says so on standard error.
 * This script imports no packages, because it runs before they are installed.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildParts } from './launch/build.mjs'
import { cacheDirectory } from './launch/cache.mjs'
import { installDependencies } from './launch/dependencies.mjs'
import { chooseNode } from './launch/node.mjs'
import { runToEnd } from './launch/run.mjs'
import { startApp } from './launch/start.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs a script of the project with the chosen Node. */
const run = (entry, ...before) => {
  return (args, { node, flags, env }) => {
    if (!existsSync(join(root, entry))) throw new Error(`Expected ${entry} in ${root}, got no such file.`)
    return runToEnd(node, [...flags, join(root, entry), ...before, ...args], { env })
  }
}

async function selfMri(args, setup) {
  if (args.includes('serve')) await buildParts(root, ['renderer'], setup)
  return run('src/cli/main.ts')(args, setup)
}

/** Builds the window first, because the pictures must show the current window. */
async function writeDocs(args, setup) {
  if (args.includes('pictures')) await buildParts(root, ['renderer'], setup)
  return run('scripts/docs.mjs')(args, setup)
}

const COMMANDS = {
  start: (args, setup) => startApp(root, args, setup),
  demo: run('src/cli/main.ts', 'demo'),
  test: run('scripts/test.mjs', 'test'),
  e2e: run('scripts/test.mjs', 'test', 'test/e2e/'),
  check: run('scripts/test.mjs', 'check'),
  bench: run('scripts/bench/main.ts'),
  docs: writeDocs,
  example: run('scripts/example.mjs'),
  'self-mri': selfMri,
}

async function launch(name, ...args) {
  if (!Object.hasOwn(COMMANDS, name ?? '')) {
    throw new Error(`Usage: node scripts/launch.mjs <${Object.keys(COMMANDS).join('|')}> [arguments]`)
  }
  await installDependencies(root)
  const cache = cacheDirectory()
  // With this cache, later starts and the engine's processes need not strip types and compile again.
  const env = { NODE_COMPILE_CACHE: join(cache, 'compiled'), ...process.env }
  return COMMANDS[name](args, { ...chooseNode(root), env, cache })
}

// If the terminal closes, writing to its streams fails. The launcher must still wait for the program that it started.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  process.exitCode = await launch(...process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = error.exitCode ?? 1
}
