import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { whileLocked } from './lock.mjs'
import { runToEnd } from './run.mjs'

/** The parts of out/, each with the folders of src/ that it contains. The headless host serves the renderer only. */
const SOURCES = {
  renderer: ['renderer', 'presentation', 'contract'],
  main: ['main', 'services', 'engine', 'core', 'presentation', 'contract'],
  preload: ['preload', 'contract'],
}

export const ALL_PARTS = Object.keys(SOURCES)

/** Builds the parts whose sources have changed since the last build. */
export async function buildParts(root, parts, { node, flags }) {
  if (outdated(root, parts).length === 0) return
  const entry = join(root, 'src', 'renderer', 'index.html')
  if (!existsSync(entry)) throw new Error(`Expected the window's sources, got no ${entry}. Is this checkout complete?`)
  await whileLocked(join(root, '.cache', 'build.lock'), 'building the app', async () => {
    const stale = outdated(root, parts)
    if (stale.length > 0) await build(root, stale, [node, ...flags])
  })
}

/** The record of a part's sources is inside the part, so one rename moves both into place. */
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

/** All files of a folder, sorted. The first versions of Node 18 cannot read a folder recursively. */
function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return []
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap(entry => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesIn(root, path) : [path]
  })
}

/** Builds into another folder, then moves the parts into place. If a build fails, the earlier build stays. */
async function build(root, parts, [node, ...flags]) {
  console.error(`Building the app (${parts.join(', ')}) …`)
  const workshop = join(root, '.cache', 'build')
  rmSync(workshop, { recursive: true, force: true })
  // Hashes are taken before the build. If a source changes during the build, the part is outdated again.
  const hashes = parts.map(part => hashSources(root, part))
  const program = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const env = { ...process.env, SELF_MRI_BUILD: parts.join(' ') }
  // electron-vite writes to standard error, because standard output belongs to the command.
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
