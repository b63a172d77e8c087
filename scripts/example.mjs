/**
 * `npm run example -- NAME [--tiny] [--seed N]`: runs examples/NAME.ts in the folder where the command was typed, with
 * the engine installed first if it is missing. Without a name: prints the examples.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { engineEnvironment } from '../src/engine/install/environment.ts'
import { installEngineAloud } from './install-engine.mjs'
import { runToEnd } from './launch/run.mjs'

const folder = join(import.meta.dirname, '..', 'examples')

/** The first sentence of a file's first comment. */
const about = name => /^ \* (.*)$/m.exec(readFileSync(join(folder, `${name}.ts`), 'utf8'))[1]

function list() {
  const names = readdirSync(folder).flatMap(file => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
  const width = Math.max(...names.map(name => name.length))
  return ['Usage: npm run example -- NAME [--tiny] [--seed N]', '']
    .concat(names.map(name => `  ${name.padEnd(width)}  ${about(name)}`))
    .join('\n')
}

async function main(name, ...args) {
  if (!name) {
    console.log(list())
    return 0
  }
  const file = join(folder, `${name}.ts`)
  if (!/^[a-z-]+$/.test(name) || !existsSync(file))
    throw new Error(`Expected the name of an example, got ${name}.\n\n${list()}`)
  const engine = await installEngineAloud()
  return runToEnd(process.execPath, [...process.execArgv, file, ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...process.env, ...engineEnvironment(engine), SELF_MRI_BINDING: engine.binding },
  })
}

try {
  process.exitCode = await main(...process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
