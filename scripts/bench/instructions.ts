/** The vector instructions of a run on a CPU, and the limits that depend on them. */
import { readFileSync } from 'node:fs'
import process from 'node:process'

export type Instructions = 'avx2' | 'avx512' | 'neon' | 'unknown'

const WORDS: Readonly<Record<Instructions, string>> = {
  avx2: 'AVX2',
  avx512: 'AVX-512',
  neon: 'NEON',
  unknown: 'unknown instructions',
}
export const wordFor = (instructions: Instructions): string => WORDS[instructions]

/**
 * Variables that leave out AVX-512 on a processor that has it. Our kernels read `SELF_MRI_KERNELS`. TensorFlow and
 * PyTorch have oneDNN. PyTorch also has ATen and MKL. NumPy's names of features changed with 2.4, so both are here.
 */
export const AVX2_ONLY = {
  SELF_MRI_KERNELS: 'avx2',
  ONEDNN_MAX_CPU_ISA: 'AVX2',
  ATEN_CPU_CAPABILITY: 'avx2',
  MKL_ENABLE_INSTRUCTIONS: 'AVX2',
  OPENBLAS_CORETYPE: 'Haswell',
  NPY_DISABLE_CPU_FEATURES: 'X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL',
}

/** @param cpuinfo the text of /proc/cpuinfo, or '' on a system without this file */
export function instructionsOf(arch: string, cpuinfo: string): Instructions {
  if (arch === 'arm64') return 'neon'
  if (/\bavx512f\b/.test(cpuinfo)) return 'avx512'
  return /\bavx2\b/.test(cpuinfo) ? 'avx2' : 'unknown'
}

/** The widest instructions of this machine's processor. */
export function instructionsHere(): Instructions {
  try {
    return instructionsOf(process.arch, readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return instructionsOf(process.arch, '')
  }
}

/**
 * Limit of our median ÷ the peer's median. A limit may depend on the instructions. `gpu`: the limit on a GPU, whose
 * peer is PyTorch's fastest form. Default: 1.
 */
export type Limit = number | { readonly avx2: number; readonly avx512: number; readonly gpu?: number }

/** Instructions other than AVX2 have AVX-512's limit, which is the higher one. */
export function limitFor(limit: Limit, instructions: Instructions): number {
  if (typeof limit === 'number') return limit
  return instructions === 'avx2' ? limit.avx2 : limit.avx512
}

export const limitOnGpu = (limit: Limit): number => (typeof limit === 'number' ? 1 : (limit.gpu ?? 1))
