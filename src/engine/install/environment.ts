/** Where the engine lives on this machine, and the environment in which its processes start. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'

/** `cuda` computes on an NVIDIA GPU (and on the CPU where there is none), `cpu` is the smaller download. */
export const VARIANTS = ['cpu', 'cuda'] as const
export type Variant = (typeof VARIANTS)[number]

export type InstalledEngine = {
  readonly variant: Variant
  readonly directory: string
  /** Path of the Node-API add-on that TensorFlow.js calls. */
  readonly binding: string
  /** Version of the native TensorFlow. */
  readonly tensorflow: string
  /** ISO 8601. */
  readonly installedAt: string
}

/** SELF_MRI_CACHE, else the operating system's cache folder of this user. */
export function cacheDirectory(): string {
  const chosen = process.env.SELF_MRI_CACHE
  if (!chosen) return envPaths('self-mri', { suffix: '' }).cache
  return resolve(process.env.INIT_CWD ?? process.cwd(), chosen)
}

/** The exact wheels of a variant, with their hashes; pip reads the same file. */
export function requirementsPath(variant: Variant): string {
  return fileURLToPath(new URL(`../../../resources/engine/requirements-${variant}.txt`, import.meta.url))
}

export function requiredTensorflow(variant: Variant): string {
  return /^tensorflow(?:-cpu)?==([\d.]+)/m.exec(readFileSync(requirementsPath(variant), 'utf8'))![1]
}

/** The folder of TensorFlow.js' add-on sources, `binding/`, which are built on the user's machine. */
export function bindingSources(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'binding')
}

/**
 * All checkouts share the cache, so the folder's name says all that its content depends on: the TensorFlow version, the
 * variant, the platform, and a hash over the pinned wheels and the add-on's sources.
 */
export function engineDirectory(variant: Variant): string {
  const hash = createHash('sha256').update(readFileSync(requirementsPath(variant)))
  const sources = bindingSources()
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)))
  const key = hash.digest('hex').slice(0, 12)
  const name = `tensorflow-${requiredTensorflow(variant)}-${variant}-${process.platform}-${process.arch}-${key}`
  return join(cacheDirectory(), 'engine', name)
}

/** What an engine process starts with unless the user has set it otherwise, and tests with it: its libraries read these as they load. */
export const STANDARD = {
  // Warnings and errors only.
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Else the first of two engine processes takes all of the GPU's memory.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // Else cuDNN may sum a gradient in another order each time, and a seed gives another network. Measured on an H200: no slower.
  TF_DETERMINISTIC_OPS: '1',
  // Else oneDNN computes everything where the processor has AVX-512 VNNI, small maps too: it is called by name where it is faster (onednn.ts).
  TF_ENABLE_ONEDNN_OPTS: '0',
  // Memory for tensors from TensorFlow's own allocator, which keeps what is freed and joins it: from glibc's a U-Net-64 training (320 × 320, batch 1) peaked
  // 1.3 GB higher.
  TF_CPU_ALLOCATOR_USE_BFC: '1',
  // Else at most 64 GB.
  TF_CPU_BFC_MEM_LIMIT_IN_MB: String(Math.ceil(totalmem() / 2 ** 20)),
  // Beside it glibc keeps what JavaScript's arrays have freed, or each is zeroed by the system again: a slice from disk to image takes a fifth longer.
  MALLOC_MMAP_THRESHOLD_: String(2 ** 25),
  MALLOC_TRIM_THRESHOLD_: '10000000000',
}

/** Flags that a Node needs to run this program's TypeScript, or was given for its memory; not those of a debugger or of `-e`. */
const PASSED_ON = /^--(?:experimental-|disable-warning|max-)/

/** The Node that runs engine processes, with its flags: SELF_MRI_NODE and SELF_MRI_NODE_FLAGS, else this process's own. */
export function engineNode(): { node: string; flags: readonly string[] } {
  const node = process.env.SELF_MRI_NODE
  if (node) return { node, flags: (process.env.SELF_MRI_NODE_FLAGS ?? '').split(' ').filter(Boolean) }
  if (process.versions.electron) throw new Error('SELF_MRI_NODE names no Node, and Electron runs no engine')
  return { node: process.execPath, flags: process.execArgv.filter(flag => PASSED_ON.test(flag)) }
}

/** Graphs alone are compiled, so what is computed one operation at a time stays as it is. */
const XLA = { TF_XLA_FLAGS: '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit' }

/** Variables to add when an engine process is spawned. */
export function engineEnvironment(engine: InstalledEngine, { xla = false } = {}): NodeJS.ProcessEnv {
  const unlessSet = (variables: NodeJS.ProcessEnv) =>
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, process.env[name] ?? value]))
  const variables = unlessSet(xla ? { ...STANDARD, ...XLA } : STANDARD)
  if (engine.variant === 'cpu') return variables
  // The search path inside TensorFlow's own libraries lacks some of NVIDIA's; and these, not another CUDA, are pinned.
  const folders = [...nvidiaLibraries(engine.directory), process.env.LD_LIBRARY_PATH].filter(Boolean)
  const compiler = { XLA_FLAGS: `--xla_gpu_cuda_data_dir=${join(engine.directory, 'nvidia', 'cuda_nvcc')}` }
  return { ...variables, ...(xla && unlessSet(compiler)), LD_LIBRARY_PATH: folders.join(':') }
}

/** Whether this process, an engine, was started so. */
export const compilesWithXla = (): boolean => /--tf_xla_auto_jit=[12]/.test(process.env.TF_XLA_FLAGS ?? '')

function nvidiaLibraries(directory: string): string[] {
  const packages = readdirSync(join(directory, 'nvidia'), { withFileTypes: true }).filter(entry => entry.isDirectory())
  return packages.map(({ name }) => join(directory, 'nvidia', name, 'lib')).filter(folder => existsSync(folder))
}
