/** Checks the C++ sources: their format, and the compiler's warnings, which count as errors here. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findCompiler } from '../../src/engine/install/binding.ts'
import { onAllCores } from '../../src/engine/install/native.ts'
import { compilerArguments, nativeUnits } from '../../src/engine/install/native-sources.ts'
import { supportedPlatform } from '../../src/engine/install/platform.ts'
import { run } from '../../src/engine/install/run.ts'
import { caseUnits } from '../../test/native/build.ts'
import { root, runProgram } from './program.mjs'

const FORMAT = ['clang-format', '--dry-run', '-Werror']

const cppFiles = folder =>
  readdirSync(join(root, folder), { recursive: true })
    .map(name => join(folder, name))
    .filter(path => /\.(?:cc|h)$/.test(path))

/** `npx clang-format -i FILE` corrects a file. */
export const checkFormat = () =>
  runProgram([...FORMAT, ...['src/native', 'test/native'].flatMap(cppFiles)], ['ignore', 'pipe', 'pipe'])

const WARNINGS = [
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wcast-align', '-Wcast-qual', '-Wformat=2', '-Wnon-virtual-dtor', '-Wundef'],
  // Sizes of maps are 64 bits wide, so a narrowing conversion must be written. Loops count with int, so signs may
  // change.
  ...['-Wconversion', '-Wno-sign-conversion', '-Werror'],
]

/**
 * Compiles every unit of this machine's architecture, and the units of test/native, without output. The installation
 * does not use these warnings, because a user's compiler may warn of something new.
 */
export async function checkWarnings() {
  const compiler = await findCompiler(supportedPlatform('cpu'))
  const outputs = []
  await onAllCores([...nativeUnits(), ...caseUnits()], async unit => {
    const { status, output } = await run(compiler, [...compilerArguments(unit), '-fsyntax-only', ...WARNINGS])
    if (status !== 0) outputs.push(output)
    return true
  })
  return { status: outputs.length === 0 ? 0 : 1, output: outputs.join('\n') }
}
