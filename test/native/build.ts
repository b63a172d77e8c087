/** Builds the table of cases for the kernels, with sanitizers. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compilerArguments, nativeUnits, type Unit } from '../../src/engine/install/native-sources.ts'

const run = promisify(execFile)

const NEED_TENSORFLOW_OR_NODE = ['call.cc', 'fourier/exports.cc', 'node.cc', 'operations.cc']

/** The units of this folder, with the flags of units that are not compiled per instruction set. */
export function caseUnits(): Unit[] {
  const { flags } = nativeUnits().find(({ source }) => source === 'threads.cc')!
  const names = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter(name => name.endsWith('.cc'))
  return names.map(name => ({ source: `../../test/native/${name}`, object: `table-${name}.o`, flags }))
}

/** Returns the path of the program, in `directory`. */
export async function buildTable(directory: string, sanitizers: readonly string[]): Promise<string> {
  const compiler = process.env.CXX ?? 'g++'
  const units = [...nativeUnits().filter(({ source }) => !NEED_TENSORFLOW_OR_NODE.includes(source)), ...caseUnits()]
  const options = ['-O2', '-g1', ...sanitizers]
  const waiting = [...units]
  const compile = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift())
      await run(compiler, [...compilerArguments(unit), ...options, '-c', '-o', join(directory, unit.object)])
  }
  await Promise.all(Array.from({ length: availableParallelism() }, compile))
  const program = join(directory, 'table')
  await run(compiler, [...sanitizers, '-pthread', ...units.map(({ object }) => join(directory, object)), '-o', program])
  return program
}
