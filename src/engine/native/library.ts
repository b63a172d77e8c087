/**
 * The library of our own kernels (src/native), beside the engine's add-on. It is loaded once per process and thread.
 * See docs/decisions/0017-kernels-of-our-own.md.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** The file of the library, in the engine's folder. */
export const KERNELS_FILE = 'self_mri_kernels.node'

export interface NativeLibrary {
  /** The instruction set that computes: "AVX2", "AVX-512" or "NEON". `null`: this processor has none of them. */
  readonly instructions: string | null
  /** Changes if the bits of any result change. */
  readonly version: number
  /** Registers our operations with TensorFlow. Later calls in a process change nothing. */
  registerOperations(): void
}

/** The library, or the reason why TensorFlow's own operations compute. */
export type LoadedLibrary = { readonly library: NativeLibrary } | { readonly missing: string }

const require = createRequire(import.meta.url)

/** `binding`: path of the engine's add-on. */
export function loadLibrary(binding: string): LoadedLibrary {
  if (process.env.SELF_MRI_KERNELS === 'tensorflow') return { missing: 'SELF_MRI_KERNELS chooses TensorFlow' }
  const path = join(dirname(binding), KERNELS_FILE)
  if (!existsSync(path)) return { missing: `${path} does not exist` }
  try {
    const library = require(path) as NativeLibrary
    return library.instructions === null ? { missing: 'this processor lacks AVX2 and FMA' } : { library }
  } catch (error) {
    return { missing: (error as Error).message }
  }
}
