/**
 * Counts the rooms of src/services and src/renderer and the arrows between them: `node scripts/rooms.mjs [--list]`.
 *
 * A room is a direct child of the folder, a file or a folder. A file that only re-exports is no room: an import of the
 * file counts as an import of the files that it re-exports. An arrow is a pair of rooms of which one imports the other,
 * type imports included. An arrow is upward if it leads to a later room of scripts/room-order.cjs. The exit status is 1
 * if an arrow is upward, or if rooms import each other in a circle.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { chooseNode } from './launch/node.mjs'
import ORDER from './room-order.cjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const program = fileURLToPath(new URL('../node_modules/.bin/depcruise', import.meta.url))

/** The project's modules with the paths of what each imports. */
function modulesOf(folders) {
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  let report
  try {
    report = execFileSync(chooseNode(root).node, args, { cwd: root, maxBuffer: 1e8 })
  } catch (error) {
    report = error.stdout // The status is the number of broken rules, so a status other than 0 is no failure.
  }
  return JSON.parse(report).modules.map(({ source, dependencies }) => ({
    path: source,
    imports: dependencies.map(({ resolved }) => resolved),
  }))
}

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm
const REEXPORT = /export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+(['"])[^'"]+\1;?/g

function onlyReexports(path) {
  const text = readFileSync(`${root}/${path}`, 'utf8').replace(COMMENT, '')
  return text.search(REEXPORT) >= 0 && text.replace(REEXPORT, '').trim() === ''
}

/** Rooms, arrows as 'from → to', the upward arrows, and the arrows on a circle. */
function count(folder, modules) {
  const own = modules.filter(({ path }) => path.startsWith(`${folder}/`) && /[.](?:ts|tsx|mjs)$/.test(path))
  const roomOf = path => path.slice(folder.length + 1).split('/')[0]
  const passages = new Map(
    own.filter(({ path }) => roomOf(path).includes('.') && onlyReexports(path)).map(each => [each.path, each.imports]),
  )
  const behind = path => passages.get(path)?.flatMap(behind) ?? [path]
  const walked = own.filter(({ path }) => !passages.has(path))
  const rooms = [...new Set(walked.map(({ path }) => roomOf(path)))].sort()
  const arrows = new Map()
  for (const { path, imports } of walked) {
    const targets = imports.flatMap(behind).filter(target => target.startsWith(`${folder}/`))
    for (const to of targets.map(roomOf)) {
      if (to !== roomOf(path) && rooms.includes(to)) arrows.set(`${roomOf(path)} → ${to}`, [roomOf(path), to])
    }
  }
  const order = Object.keys(ORDER[folder])
  const rank = room => order.indexOf(room)
  const pairs = [...arrows.values()]
  const reached = from => {
    const found = new Set()
    const visit = room => {
      for (const [a, b] of pairs) if (a === room && !found.has(b)) visit(found.add(b) && b)
    }
    visit(from)
    return found
  }
  const reach = new Map(rooms.map(room => [room, reached(room)]))
  const named = test => pairs.filter(test).map(pair => pair.join(' → '))
  return {
    rooms,
    arrows: [...arrows.keys()],
    upward: named(([from, to]) => rank(from) >= 0 && rank(to) > rank(from)),
    circular: named(([from, to]) => reach.get(to).has(from)),
    unnamed: rooms.filter(room => rank(room) < 0),
  }
}

const folders = Object.keys(ORDER)
const modules = modulesOf(folders)
for (const folder of folders) {
  const { rooms, arrows, upward, circular, unnamed } = count(folder, modules)
  console.log(`${folder}: ${rooms.length} rooms, ${arrows.length} arrows, ${upward.length} upward`)
  if (unnamed.length > 0) console.log(`  ${unnamed.length} rooms without a place in the order: ${unnamed.join(', ')}`)
  if (circular.length > 0) console.log(`  ${circular.length} arrows on a circle: ${circular.join(', ')}`)
  for (const arrow of upward) console.log(`  upward: ${arrow}`)
  if (process.argv.includes('--list')) for (const arrow of arrows.sort()) console.log(`  ${arrow}`)
  if (upward.length + circular.length > 0) process.exitCode = 1
}
