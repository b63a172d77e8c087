/** Builds the native kernels with the compiler of the add-on. A failure does not fail the installation. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { KERNELS_FILE } from '../native/library.ts'
import { compilerArguments, nativeUnits } from './native-sources.ts'
import type { Platform } from './platform.ts'
import { firstError, run } from './run.ts'

type Compilation = {
  readonly compiler: string
  /** Folder of the object files. */
  readonly objects: string
  readonly signal?: AbortSignal
}

/** Compiles units, as many at the same time as there are cores. Begins no unit after a call that returned `false`. */
export async function onAllCores<Unit>(units: readonly Unit[], compile: (unit: Unit) => Promise<boolean>) {
  const waiting = [...units]
  const work = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift()) if (!(await compile(unit))) waiting.length = 0
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
}

/** Compiles all units. Returns the first error, or `null`. */
export async function compileNative({ compiler, objects, signal }: Compilation): Promise<string | null> {
  let failure: string | null = null
  await onAllCores(nativeUnits(), async unit => {
    const args = [...compilerArguments(unit), '-c', '-o', join(objects, unit.object)]
    const ended = await run(compiler, args, { signal, env: { TMPDIR: objects } })
    if (ended.status !== 0) failure ??= firstError(ended)
    return ended.status === 0
  })
  return failure
}

type Link = Compilation & {
  readonly platform: Platform
  /** The engine's folder, with TensorFlow's libraries. */
  readonly engine: string
}

/**
 * Links the object files to the library in the engine's folder. The library is never unloaded, because its threads run
 * until the process ends, and a worker thread that ends unloads libraries. Returns the first error, or `null`.
 */
export async function linkNative({ compiler, objects, platform, engine, signal }: Link) {
  const framework = platform.libraries.find(name => name.includes('framework'))!
  const args = [
    ...['-shared', '-pthread', ...nativeUnits().map(({ object }) => join(objects, object))],
    ...['-o', join(engine, KERNELS_FILE), join(engine, 'tensorflow', framework)],
    ...[...platform.linkFlags, ...platform.permanentFlags],
  ]
  const ended = await run(compiler, args, { signal, env: { TMPDIR: objects } })
  return ended.status === 0 ? null : firstError(ended)
}
