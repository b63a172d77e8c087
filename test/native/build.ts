/** Builds the table of cases for the kernels, with sanitizers. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onAllCores } from '../../src/engine/install/native.ts'
import { compilerArguments, nativeUnits, type Unit } from '../../src/engine/install/native-sources.ts'

const run = promisify(execFile)

export const compilerHere = (): string => process.env.CXX ?? 'g++'

const NEED_TENSORFLOW_OR_NODE = ['call.cc', 'coils/exports.cc', 'fourier/exports.cc', 'node.cc', 'operations.cc']

/** The units of this folder, with the flags of units that are not compiled per instruction set. */
export function caseUnits(): Unit[] {
  const { flags } = nativeUnits().find(({ source }) => source === 'threads.cc')!
  const names = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter(name => name.endsWith('.cc'))
  return names.map(name => ({ source: `../../test/native/${name}`, object: `table-${name}.o`, flags }))
}

/** The AVX2 kernels without AVX2: four lanes, as NEON has. */
const withFourLanes = ({ flags, source }: Unit): Unit => ({
  source,
  object: `${source}-four.o`,
  flags: [...flags.filter(flag => !/^-m|SELF_MRI_SET/.test(flag)), '-DSELF_MRI_SET=four'],
})

function kernelUnits(): Unit[] {
  const units = nativeUnits().filter(({ source }) => !NEED_TENSORFLOW_OR_NODE.includes(source))
  return [...units, ...units.filter(({ flags }) => flags.includes('-mavx2')).map(withFourLanes)]
}

/**
 * Returns the path of the program, in `directory`. Only the kernels are compiled with `options`, because definitions
 * with sanitizers take ten times as long.
 */
export async function buildTable(directory: string, options: readonly string[]): Promise<string> {
  const compiler = compilerHere()
  const units = [
    ...kernelUnits().map(unit => ({ unit, options })),
    ...caseUnits().map(unit => ({ unit, options: ['-O2'] })),
  ]
  const objects = units.map(({ unit }) => join(directory, unit.object))
  await onAllCores(units, async ({ unit, options }) => {
    await run(compiler, [...compilerArguments(unit), ...options, '-c', '-o', join(directory, unit.object)])
    return true
  })
  const program = join(directory, 'table')
  await run(compiler, [...options, '-pthread', ...objects, '-o', program])
  return program
}
