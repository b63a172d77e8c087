/**
 * The sources of the native kernels (src/native), and the flags of each compilation. The library contains every
 * instruction set of the processor's architecture, and chooses one when it is loaded, because computers can share a
 * cache.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../../native', import.meta.url))

// Without `-fno-math-errno` the compiler computes square roots one at a time.
const COMMON = ['-std=c++17', '-O3', '-fno-math-errno', '-fPIC', '-fvisibility=hidden', '-pthread', '-DNAPI_VERSION=8']

/** Flags by architecture and instruction set. Never `-march=native`: another computer may use the library, too. */
const SETS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  x64: {
    avx512: ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mfma'],
    avx2: ['-mavx2', '-mfma'],
  },
  arm64: { neon: [] },
}

/** Compiled once per instruction set. The longest compilation is first. */
const PER_SET = ['kernels.cc', 'optimizers.cc']

/** A source file with the flags of one compilation. */
export type Unit = { readonly source: string; readonly object: string; readonly flags: readonly string[] }

const sourceFiles = () => readdirSync(SOURCES, { recursive: true }).map(String).sort()

/** All compilations for an architecture. */
export function nativeUnits(arch: string = process.arch): Unit[] {
  // An optimizer has the bits of TensorFlow's operations, which round after each multiplication.
  const contraction = (source: string) => `-ffp-contract=${source === 'optimizers.cc' ? 'off' : 'fast'}`
  const unit = (source: string, flags: readonly string[], suffix: string): Unit => ({
    source,
    object: `${source.replaceAll(/[\\/]/g, '-').slice(0, -3)}${suffix}.o`,
    flags: [...COMMON, contraction(source), ...flags],
  })
  const once = sourceFiles().filter(name => name.endsWith('.cc') && !PER_SET.includes(name))
  return [
    ...PER_SET.flatMap(source =>
      Object.entries(SETS[arch]).map(([set, flags]) => unit(source, [...flags, `-DSELF_MRI_SET=${set}`], `-${set}`)),
    ),
    ...once.map(source => unit(source, [], '')),
  ]
}

let key: string | null = null

/**
 * A hash over everything that the library's content depends on, except the compiler. Made once per process, as
 * `tensorflowKey`.
 */
export function nativeKey(): string {
  key ??= hashOfSources()
  return key
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(JSON.stringify(Object.keys(SETS).map(nativeUnits)))
  for (const name of sourceFiles()) {
    if (/\.(?:cc|h)$/.test(name)) hash.update(name).update(readFileSync(join(SOURCES, name)))
  }
  return hash.digest('hex').slice(0, 12)
}

export const nodeApiHeaders = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include')

/** Arguments of the compiler for one unit, without its output. */
export const compilerArguments = ({ source, flags }: Unit): string[] => [
  ...flags,
  ...['-I', SOURCES, '-I', nodeApiHeaders(), join(SOURCES, source)],
]
