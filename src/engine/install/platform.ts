/** Differences between operating systems. Unsupported systems are refused before the download. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import type { Variant } from './environment.ts'
import { run } from './run.ts'

export type Platform = {
  /** Wheel tags that pip may use. */
  readonly tags: readonly string[]
  /** The two native libraries in the wheel's folder `tensorflow/`. */
  readonly libraries: readonly [string, string]
  readonly compilers: readonly string[]
  readonly linkFlags: readonly string[]
  /** Further flags for a library that is never unloaded. The linker of macOS has no such flag. */
  readonly permanentFlags: readonly string[]
}

const PLATFORMS: Record<string, Platform> = {
  'linux-x64': {
    tags: ['manylinux_2_27_x86_64', 'manylinux_2_25_x86_64', 'manylinux2014_x86_64'],
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    compilers: ['g++', 'clang++', 'c++'],
    linkFlags: ['-Wl,-rpath,$ORIGIN/tensorflow'],
    permanentFlags: ['-Wl,-z,nodelete'],
  },
  'darwin-arm64': {
    tags: ['macosx_12_0_arm64'],
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    compilers: ['clang++', 'g++', 'c++'],
    linkFlags: ['-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/tensorflow'],
    permanentFlags: [],
  },
}

type Machine = { platform: string; arch: string; glibc: string | null }

/** Returns the platform's record. Throws `ENGINE_UNAVAILABLE` with the reason if the platform is not supported. */
export function supportedPlatform(variant: Variant, { platform, arch, glibc }: Machine = thisMachine()): Platform {
  const found = PLATFORMS[`${platform}-${arch}`]
  const got = `${platform} ${arch}`
  if (platform === 'win32') {
    throw unavailable(`Expected Linux x64 or macOS arm64, got ${got}. On Windows, run Self-MRI inside WSL2 (Ubuntu).`)
  }
  if (!found) throw unavailable(`Expected Linux x64 or macOS arm64, got ${got}: TensorFlow has no library for it.`)
  if (variant === 'cuda' && platform !== 'linux') {
    throw unavailable(`Expected Linux x64 for the CUDA engine, got ${got}. Install the CPU engine.`)
  }
  if (platform === 'linux' && !isAtLeast(glibc, 2, 27)) {
    throw unavailable(
      `Expected glibc 2.27 or newer for TensorFlow, got ${glibc ? `glibc ${glibc}` : 'another C library (musl)'}. ` +
        'Use a current Debian, Ubuntu, Fedora or similar system.',
    )
  }
  return found
}

const unavailable = (message: string) => new AppError('ENGINE_UNAVAILABLE', message)

function isAtLeast(version: string | null, major: number, minor: number): boolean {
  const [gotMajor = 0, gotMinor = 0] = (version ?? '').split('.').map(Number)
  return gotMajor > major || (gotMajor === major && gotMinor >= minor)
}

function thisMachine(): Machine {
  const { platform, arch, report } = process
  if (platform !== 'linux') return { platform, arch, glibc: null }
  // Without this the report looks up the host name of every connection of this process.
  Object.assign(report, { excludeNetwork: true })
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return { platform, arch, glibc: header.glibcVersionRuntime ?? null }
}

/** `cuda` if an NVIDIA driver answers, else `cpu`. */
export async function detectVariant(signal?: AbortSignal): Promise<Variant> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'cpu'
  if (existsSync('/proc/driver/nvidia/version')) return 'cuda'
  const listed = await run('nvidia-smi', ['-L'], { signal })
  return listed.status === 0 ? 'cuda' : 'cpu'
}
