/**
 * The engine's folder on this computer, and the environment of engine processes. See
 * docs/decisions/0007-tensorflow-is-installed-not-bundled.md.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'
import { jobThreads, memoryHere, threadsHere } from '../devices/threads.ts'
import { nativeKey } from './native-sources.ts'

/** `cuda` computes on an NVIDIA GPU, or on the CPU if there is no GPU. `cpu` is the smaller download. */
export const VARIANTS = ['cpu', 'cuda'] as const
export type Variant = (typeof VARIANTS)[number]

export type InstalledEngine = {
  readonly variant: Variant
  readonly directory: string
  /** Path of the Node-API add-on that TensorFlow.js calls. */
  readonly binding: string
  /** Version of the native TensorFlow. */
  readonly tensorflow: string
  /** States the pinned wheels of the native libraries, as `wheelsKey`. */
  readonly wheels: string
  /** Why the native kernels are missing, so that TensorFlow's own operations compute. `null` if they are there. */
  readonly kernelsMissing: string | null
  /** ISO 8601. */
  readonly installedAt: string
}

const ofUser = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)

/**
 * The name of this machine. SELF_MRI_HOST replaces the system's name, because a container gets another name at each
 * start, and a laptop in each network.
 */
export const thisHost = (): string => process.env.SELF_MRI_HOST || hostname()

/** SELF_MRI_CACHE, else the user's cache folder of the operating system. */
export function cacheDirectory(): string {
  const chosen = process.env.SELF_MRI_CACHE
  return chosen ? ofUser(chosen) : envPaths('self-mri', { suffix: '' }).cache
}

/** The folder of kept coil maps and images: SELF_MRI_KEPT, else the cache. */
export function keptDirectory(): string {
  const chosen = process.env.SELF_MRI_KEPT
  return chosen ? ofUser(chosen) : cacheDirectory()
}

/** The file with a variant's exact wheels and their hashes. pip reads this file too. */
export function requirementsPath(variant: Variant): string {
  return fileURLToPath(new URL(`../../../resources/engine/requirements-${variant}.txt`, import.meta.url))
}

export function requiredTensorflow(variant: Variant): string {
  return /^tensorflow(?:-cpu)?==([\d.]+)/m.exec(readFileSync(requirementsPath(variant), 'utf8'))![1]
}

/** TensorFlow's headers that the add-on includes. An earlier engine has no headers, so the repository has them. */
export const tensorflowHeaders = (variant: Variant): string =>
  fileURLToPath(new URL(`../../../resources/engine/tensorflow-${requiredTensorflow(variant)}`, import.meta.url))

/** States the pinned wheels by a hash over their hashes. */
export function wheelsKey(variant: Variant): string {
  const pins = readFileSync(requirementsPath(variant), 'utf8').match(/sha256:[0-9a-f]{64}/g)!
  return createHash('sha256').update(pins.join()).digest('hex').slice(0, 12)
}

/** The first part of an engine's folder name: the TensorFlow version, the variant and the platform. */
export const tensorflowPrefix = (variant: Variant): string =>
  `tensorflow-${requiredTensorflow(variant)}-${variant}-${process.platform}-${process.arch}-`

/** The folder `binding/` with the add-on's sources, which are built on the user's computer. */
export function bindingSources(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'binding')
}

const tensorflowKeys = new Map<Variant, string>()

/**
 * States what TensorFlow and the add-on depend on: the TensorFlow version, the variant, the platform, and a hash over
 * the pinned wheels and the add-on's sources. Up to version 0.2.0 this was the whole name of an engine's folder.
 * Made once per process, because the window asks for the engine's folder again and again.
 */
export function tensorflowKey(variant: Variant): string {
  const known = tensorflowKeys.get(variant) ?? makeTensorflowKey(variant)
  tensorflowKeys.set(variant, known)
  return known
}

function makeTensorflowKey(variant: Variant): string {
  const hash = createHash('sha256').update(readFileSync(requirementsPath(variant)))
  const sources = bindingSources()
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)))
  return `${tensorflowPrefix(variant)}${hash.digest('hex').slice(0, 12)}`
}

/** The folder's name states everything that its content depends on, because all checkouts share the cache. */
export const engineDirectory = (variant: Variant): string =>
  join(cacheDirectory(), 'engine', `${tensorflowKey(variant)}-${nativeKey()}`)

/** The memory of one of several engines that compute at once, in MiB. */
const memoryOf = (slots: number) => String(Math.ceil(memoryHere() / 2 ** 20 / slots))

/**
 * Environment of engine processes and of tests, unless the user has set a variable. Libraries read these variables when
 * they are loaded.
 */
export const STANDARD = {
  // Warnings and errors only.
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Without this the first of two engine processes takes all memory of the GPU.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // Without this cuDNN may sum a gradient in a different order each time, and a seed gives different networks. On an
  // H200 this setting was not slower.
  TF_DETERMINISTIC_OPS: '1',
  // Without this TensorFlow's own operations use oneDNN if the processor has AVX-512 VNNI. oneDNN takes longer for
  // small maps. A U-Net-32 step without our kernels takes as long with oneDNN as without (3.6 and 3.5 s, AVX-512).
  TF_ENABLE_ONEDNN_OPTS: '0',
  // Tensors use TensorFlow's own allocator, which joins freed blocks. With glibc's allocator a U-Net-64 training (320 ×
  // 320, batch 1) peaked 1.3 GB higher. See docs/decisions/0010-the-tape-frees-early.md.
  TF_CPU_ALLOCATOR_USE_BFC: '1',
  // Without this the limit is 64 GB.
  TF_CPU_BFC_MEM_LIMIT_IN_MB: memoryOf(1),
  // glibc keeps the freed memory of JavaScript's arrays. Otherwise the system zeroes memory again for each array, and a
  // slice from disk to image takes a fifth longer.
  MALLOC_MMAP_THRESHOLD_: String(2 ** 25),
  MALLOC_TRIM_THRESHOLD_: '10000000000',
}

/**
 * Node flags that an engine process inherits: flags for TypeScript and for memory, but not flags of a debugger or `-e`.
 */
const PASSED_ON = /^--(?:experimental-|disable-warning|max-)/

/**
 * The Node that runs engine processes, with its flags: SELF_MRI_NODE and SELF_MRI_NODE_FLAGS, else the Node of this
 * process.
 */
export function engineNode(): { node: string; flags: readonly string[] } {
  const node = process.env.SELF_MRI_NODE
  if (node) return { node, flags: (process.env.SELF_MRI_NODE_FLAGS ?? '').split(' ').filter(Boolean) }
  if (process.versions.electron) throw new Error('SELF_MRI_NODE is not set, and Electron cannot run the engine')
  return { node: process.execPath, flags: process.execArgv.filter(flag => PASSED_ON.test(flag)) }
}

/** XLA compiles graphs only. Operations that run one at a time stay unchanged. */
const XLA = { TF_XLA_FLAGS: '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit' }

/** See `EngineOptions`. */
interface Share {
  readonly xla?: boolean
  readonly device?: string | null
  readonly threads?: number | null
  readonly slots?: number
}

/** The variables of an engine that computes on one of several devices, or with a part of the cores. */
function shareOf({ device = null, threads = null, slots = 1 }: Share): NodeJS.ProcessEnv {
  const isPart = threads !== null || slots > 1 || jobThreads() !== null
  const count = String(threads ?? Math.max(1, Math.floor(threadsHere() / slots)))
  return {
    ...(device !== null && { CUDA_VISIBLE_DEVICES: device }),
    ...(isPart && { TF_NUM_INTRAOP_THREADS: count, TF_NUM_INTEROP_THREADS: count }),
  }
}

/** Variables to add when an engine process is spawned. */
export function engineEnvironment(engine: InstalledEngine, { xla = false, ...share }: Share = {}): NodeJS.ProcessEnv {
  const unlessSet = (variables: NodeJS.ProcessEnv) =>
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, process.env[name] ?? value]))
  const standard = { ...STANDARD, TF_CPU_BFC_MEM_LIMIT_IN_MB: memoryOf(share.slots ?? 1) }
  const variables = { ...unlessSet(xla ? { ...standard, ...XLA } : standard), ...shareOf(share) }
  if (engine.variant === 'cpu') return variables
  // TensorFlow's own search path lacks some of NVIDIA's libraries. These folders come first, because their versions are
  // pinned.
  const folders = [...nvidiaLibraries(engine.directory), process.env.LD_LIBRARY_PATH].filter(Boolean)
  const compiler = { XLA_FLAGS: `--xla_gpu_cuda_data_dir=${join(engine.directory, 'nvidia', 'cuda_nvcc')}` }
  return { ...variables, ...(xla && unlessSet(compiler)), LD_LIBRARY_PATH: folders.join(':') }
}

/** Whether this engine process was started with XLA. */
export const compilesWithXla = (): boolean => /--tf_xla_auto_jit=[12]/.test(process.env.TF_XLA_FLAGS ?? '')

function nvidiaLibraries(directory: string): string[] {
  const packages = readdirSync(join(directory, 'nvidia'), { withFileTypes: true }).filter(entry => entry.isDirectory())
  return packages.map(({ name }) => join(directory, 'nvidia', name, 'lib')).filter(folder => existsSync(folder))
}
