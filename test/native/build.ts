/** Builds the table of cases for the kernels, with sanitizers. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const sources = fileURLToPath(new URL('../../src/native/', import.meta.url))

/** Options of each instruction set. The kernels are compiled once per set. */
const SETS: Readonly<Record<string, readonly string[]>> =
  process.arch === 'arm64'
    ? { neon: [] }
    : {
        avx2: ['-mavx2', '-mfma'],
        avx512: ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mfma'],
      }

const OPTIONS = [
  '-std=c++17',
  '-O2',
  '-g1',
  '-fno-math-errno',
  '-pthread',
  '-Wall',
  '-Wextra',
  '-Werror',
  `-I${sources}`,
]

/** Returns the path of the program, in `directory`. */
export async function buildTable(directory: string, sanitizers: readonly string[]): Promise<string> {
  const compiler = process.env.CXX ?? 'g++'
  const cases = readdirSync(here).filter(name => name.endsWith('.cc'))
  const units = [
    ...cases.map(name => ({ source: join(here, name), options: [] as string[], object: `table-${name}.o` })),
    ...['threads', 'scratch', 'choose', 'fourier/plan'].map(name => ({
      source: join(sources, `${name}.cc`),
      options: [],
      object: `${basename(name)}.o`,
    })),
    ...Object.entries(SETS).flatMap(([set, options]) =>
      ['kernels', 'optimizers'].map(name => ({
        source: join(sources, `${name}.cc`),
        options: [...options, `-DSELF_MRI_SET=${set}`, `-ffp-contract=${name === 'optimizers' ? 'off' : 'fast'}`],
        object: `${name}-${set}.o`,
      })),
    ),
  ]
  const waiting = [...units]
  const compile = async () => {
    for (let unit = waiting.pop(); unit; unit = waiting.pop())
      await run(compiler, [
        ...OPTIONS,
        ...sanitizers,
        ...unit.options,
        '-c',
        unit.source,
        '-o',
        join(directory, unit.object),
      ])
  }
  await Promise.all([compile(), compile()])
  const program = join(directory, 'table')
  await run(compiler, [...sanitizers, '-pthread', ...units.map(({ object }) => join(directory, object)), '-o', program])
  return program
}
