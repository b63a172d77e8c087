/** `manifest.json` of an installed engine. The manifest is written last, and lists every file with its size. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { engineDirectory, type InstalledEngine, VARIANTS, type Variant, wheelsKey } from './environment.ts'

export const MANIFEST = 'manifest.json'
export const BINDING = 'tfjs_binding.node'

/** The wheels of every engine of version 0.3.0 and earlier. */
const FIRST_WHEELS: Readonly<Record<Variant, string>> = { cpu: '7f408422c4d6', cuda: '80f5233b3633' }

const Manifest = z.object({
  variant: z.enum(VARIANTS),
  tensorflow: z.string(),
  installedAt: z.string(),
  /** Missing in manifests of version 0.3.0 and earlier. */
  wheels: z.string().optional(),
  /** Missing in manifests of version 0.2.0 and earlier, which had no native kernels. */
  kernelsMissing: z.string().nullable().default(null),
  files: z.array(z.object({ path: z.string(), bytes: z.int() })),
})

/** @param kernelsMissing Why the engine has no native kernels. `null` if it has them. */
export function writeManifest(
  directory: string,
  variant: Variant,
  tensorflow: string,
  kernelsMissing: string | null,
): void {
  const files = filesIn(directory)
    .filter(path => path !== join(directory, MANIFEST))
    .map(path => ({ path: relative(directory, path), bytes: statSync(path).size }))
  const installedAt = new Date().toISOString()
  const wheels = wheelsKey(variant)
  const manifest: z.infer<typeof Manifest> = { variant, tensorflow, installedAt, wheels, kernelsMissing, files }
  writeFileSync(join(directory, MANIFEST), JSON.stringify(manifest, null, 2))
}

/** Paths of all files in a folder and its sub-folders. */
export const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))

/** The engine in a folder. `null` if the engine is missing, incomplete or truncated. */
export function readManifest(directory: string): InstalledEngine | null {
  let text: string
  try {
    text = readFileSync(join(directory, MANIFEST), 'utf8')
  } catch {
    return null
  }
  const parsed = Manifest.safeParse(parseJson(text))
  if (!parsed.success) return null
  const { variant, tensorflow, installedAt, kernelsMissing, files, wheels = FIRST_WHEELS[variant] } = parsed.data
  const size = (path: string) => statSync(join(directory, path), { throwIfNoEntry: false })?.size
  if (!files.some(file => file.path === BINDING) || files.some(file => size(file.path) !== file.bytes)) return null
  return { variant, directory, binding: join(directory, BINDING), tensorflow, wheels, kernelsMissing, installedAt }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The installed engine of a variant. Without a variant: the CUDA engine if it is installed, else the CPU engine. */
export function locateEngine(variant?: Variant): InstalledEngine | null {
  if (variant) return readManifest(engineDirectory(variant))
  return locateEngine('cuda') ?? locateEngine('cpu')
}
