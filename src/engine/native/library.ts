/**
 * The library of our own kernels (src/native), beside the engine's add-on. It is loaded once per process and thread.
 * See docs/decisions/0017-kernels-of-our-own.md.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import { readManifest } from '../install/manifest.ts'

/** The file of the library, in the engine's folder. */
export const KERNELS_FILE = 'self_mri_kernels.node'

export interface NativeLibrary {
  /** The instruction set that computes: "AVX2", "AVX-512" or "NEON". `null`: this processor has none of them. */
  readonly instructions: string | null
  /** Changes if the bits of any result change. */
  readonly version: number
  /** The compiler, such as "Clang 19", if its bits may differ from those that are recorded for the version. Else ''. */
  readonly otherCompiler: string
  /** Registers our operations with TensorFlow. Later calls in a process change nothing. */
  registerOperations(): void
  /** Frees the working memory that the kernels keep for their next call. Returns the number of bytes. */
  releaseWorkingMemory(): number
  // For the shapes of these arrays see `Fourier` in core. Grid: [coils, rows, columns, height, width].
  fourierColumns(kspace: Float32Array, list: Int32Array, grid: Int32Array, along: Float32Array, isAlone: boolean): void
  fourierRows(
    along: Float32Array,
    list: Int32Array,
    grid: Int32Array,
    isMagnitude: boolean,
    image: Float32Array,
    isAlone: boolean,
  ): void
  /** Sizes: [images, height, width]. */
  fourierImages(x: Float32Array, sizes: Int32Array, isInverse: boolean, y: Float32Array, isAlone: boolean): void
  maskColumns(image: Float32Array, mask: Uint8Array, masked: Float32Array): void
  /** Sizes: [coils, rows, columns]. */
  fourierNormal(
    x: Float32Array,
    maps: Float32Array,
    mask: Uint8Array,
    sizes: Int32Array,
    y: Float32Array,
    isAlone: boolean,
  ): void
  // For the shapes of these arrays see `Eigenvectors` in core.
  dominantOfMatrices(
    triangles: Float32Array,
    reference: Float32Array,
    vectors: Float32Array,
    values: Float32Array,
    isAlone: boolean,
  ): void
  /** Sizes: [coils, support, rows, columns]. Turns: [row, Δy, 2] and [Δx, re or im, column]. */
  dominantOfSeries(
    series: Float32Array,
    sizes: Int32Array,
    rowTurns: Float32Array,
    columnTurns: Float32Array,
    reference: Float32Array,
    vectors: Float32Array,
    values: Float32Array,
    isAlone: boolean,
  ): void
}

/** The library, or why TensorFlow's own operations compute. `isFault`: a complete engine would have the library. */
export type LoadedLibrary =
  | { readonly library: NativeLibrary }
  | { readonly missing: string; readonly isFault: boolean }

const require = createRequire(import.meta.url)

/**
 * SELF_MRI_KERNELS chooses `avx2`, `avx512`, `neon` or `tensorflow`. Without the variable, the library chooses the best
 * instruction set of the processor. Throws `INVALID_ARGUMENT` if the chosen kernels cannot compute here.
 * @param binding Path of the engine's add-on.
 */
export function loadLibrary(binding: string): LoadedLibrary {
  const wanted = process.env.SELF_MRI_KERNELS
  if (wanted === 'tensorflow') return { missing: 'SELF_MRI_KERNELS is tensorflow', isFault: false }
  const loaded = load(binding)
  if (!wanted || 'library' in loaded) return loaded
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected SELF_MRI_KERNELS to choose kernels that compute on this computer, got ${wanted}: ${loaded.missing}. ` +
      'Choose avx2, avx512, neon or tensorflow, or unset the variable.',
  )
}

/**
 * Makes something of the library of the client's engine, and keeps it. The library is loaded for the first call,
 * because the ground truth and scanning need no kernel.
 */
export function whenFirstUsed<T>(make: (loaded: LoadedLibrary) => T): () => T {
  let made: T | undefined
  return () => {
    const binding = process.env.SELF_MRI_BINDING
    made ??= make(binding ? loadLibrary(binding) : { missing: 'SELF_MRI_BINDING is not set', isFault: false })
    return made
  }
}

function load(binding: string): LoadedLibrary {
  const folder = dirname(binding)
  const path = join(folder, KERNELS_FILE)
  if (!existsSync(path)) {
    return { missing: readManifest(folder)?.kernelsMissing ?? `${path} does not exist`, isFault: true }
  }
  try {
    const library = require(path) as NativeLibrary
    if (library.instructions !== null) return { library }
    return { missing: 'this processor lacks their instructions', isFault: false }
  } catch (error) {
    return { missing: (error as Error).message, isFault: true }
  }
}

/** 'Self-MRI 1 (AVX2)', or 'Self-MRI 1 (AVX2, Clang 19)'. Equal names mean equal bits. */
export const kernelsName = ({
  version,
  instructions,
  otherCompiler,
}: Pick<NativeLibrary, 'version' | 'instructions' | 'otherCompiler'>): string =>
  `Self-MRI ${version} (${[instructions, otherCompiler].filter(Boolean).join(', ')})`

/** One line for the user. @param reason Why there are no native kernels. */
export const missingKernelsLine = (reason: string): string =>
  `The native kernels are missing: ${reason.trim()}. TensorFlow’s own operations compute, about twice as slow. ` +
  'Repair: npm run -s self-mri -- engine install'
