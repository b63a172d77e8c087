import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { whileLocked } from './lock.mjs'
import { runToEnd } from './run.mjs'

/** The parts of out/ and the folders of src/ that each takes in; the headless host serves the renderer alone. */
const SOURCES = {
  renderer: ['renderer', 'contract'],
  main: ['main', 'services', 'engine', 'core', 'contract'],
  preload: ['preload', 'contract'],
}

export const ALL_PARTS = Object.keys(SOURCES)

/** Builds those of the parts whose sources have changed since they were built. */
export async function buildParts(root, parts, { node, flags }) {
  if (outdated(root, parts).length === 0) return
  const entry = join(root, 'src', 'renderer', 'index.html')
  if (!existsSync(entry)) throw new Error(`Expected the window's sources, got no ${entry}. Is this checkout complete?`)
  await whileLocked(join(root, '.cache', 'build.lock'), 'building the app', async () => {
    const stale = outdated(root, parts)
    if (stale.length > 0) await build(root, stale, [node, ...flags])
  })
}

/** Lies inside a part, so that both move into place as one. */
const stampPath = folder => join(folder, '.sources')

function outdated(root, parts) {
  return parts.filter(part => {
    try {
      return readFileSync(stampPath(join(root, 'out', part)), 'utf8') !== hashSources(root, part)
    } catch {
      return true
    }
  })
}

function hashSources(root, part) {
  const files = SOURCES[part].flatMap(name => filesIn(root, `src/${name}`))
  const hash = createHash('sha256')
  for (const file of ['electron.vite.config.ts', 'package-lock.json', ...files]) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

/** Sorted; Node 18's first versions cannot read a folder recursively. */
function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return []
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap(entry => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesIn(root, path) : [path]
  })
}

/** Builds beside and moves into place, so that a build that fails or is interrupted leaves the last one as it was. */
async function build(root, parts, [node, ...flags]) {
  console.error(`Building the app (${parts.join(', ')}) …`)
  const workshop = join(root, '.cache', 'build')
  rmSync(workshop, { recursive: true, force: true })
  // A source that is edited meanwhile makes the part outdated again.
  const hashes = parts.map(part => hashSources(root, part))
  const program = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const env = { ...process.env, SELF_MRI_BUILD: parts.join(' ') }
  // What it reports belongs on standard error: standard output is the command's own.
  const options = { cwd: root, env, stdio: ['ignore', 2, 2] }
  const status = await runToEnd(
    node,
    [...flags, program, 'build', '--logLevel', 'error', '--outDir', workshop],
    options,
  )
  if (status !== 0) {
    throw Object.assign(new Error('The app could not be built; the reason is above.'), { exitCode: status })
  }
  mkdirSync(join(root, 'out'), { recursive: true })
  parts.forEach((part, index) => {
    const built = join(workshop, part)
    const place = join(root, 'out', part)
    writeFileSync(stampPath(built), hashes[index])
    if (existsSync(place)) renameSync(place, join(workshop, `${part}.before`))
    renameSync(built, place)
  })
  rmSync(workshop, { recursive: true, force: true })
}
