/** Our process of the bench: answers the requests of side.ts with Self-MRI's functions. A process does one work. */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { loadTensorflow } from '../../src/engine/tensorflow/tensorflow.ts'
import { type Computed, type Given, writeFloats } from './computed.ts'
import type { Computation, Kind } from './ours/computation.ts'
import type { Loaded, Request } from './side.ts'

/** The module of a kind is imported on demand, so a process loads only what its work needs. */
const KINDS: Readonly<Record<Computed['kind'], () => Promise<Kind<never>>>> = {
  forward: async () => (await import('./ours/networks.ts')).forward,
  training: async () => (await import('./ours/networks.ts')).training,
  pretext: async () => (await import('./ours/trainings.ts')).pretext,
  epoch: async () => (await import('./ours/trainings.ts')).epoch,
  steps: async () => (await import('./ours/trainings.ts')).steps,
  slice: async () => (await import('./ours/images.ts')).slice,
  cfl: async () => (await import('./ours/images.ts')).cfl,
  coils: async () => (await import('./ours/coils.ts')).coils,
  classical: async () => (await import('./ours/classical.ts')).classical,
  maps: async () => (await import('./ours/maps.ts')).maps,
  'unrolled-forward': async () => (await import('./ours/unrolled.ts')).unrolledForward,
  unrolled: async () => (await import('./ours/unrolled.ts')).unrolled,
  volume: async () => (await import('./ours/images.ts')).volume,
}

async function loaded(): Promise<Loaded> {
  const { tensorflow, tfjs, device, gpu, compiler, kernels } = (await loadTensorflow(process.argv[2])).device
  const where = [gpu ?? device, compiler].filter(Boolean).join(', ')
  return { name: 'Self-MRI', version: `TensorFlow ${tensorflow} (${where}), TensorFlow.js ${tfjs}`, kernels }
}

async function kindOf({ hardware, computed }: Given): Promise<Kind<never>> {
  const { device } = (await loadTensorflow(process.argv[2])).device
  if (device !== hardware.toUpperCase()) throw new Error(`Expected TensorFlow on a ${hardware}, got ${device}`)
  return KINDS[computed.kind]()
}

async function measure(once: Computation['once'], iterations: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < iterations; i++) {
    const start = performance.now()
    await once()
    times.push(performance.now() - start)
  }
  return times
}

let computation: Computation | null = null

async function answer(request: Request): Promise<object> {
  switch (request.do) {
    case 'write':
      await (await kindOf(request)).write?.(request as never)
      return {}
    case 'load':
      computation = await (await kindOf(request)).load(request as never)
      return loaded()
    case 'result':
      await writeFloats(request.path, await computation!.result())
      return {}
    case 'time':
      return { ms: await measure(computation!.once, request.iterations) }
    case 'idle':
      return loaded()
    case 'endure':
      await loaded()
      return { endured: await (await import('./ours/endurance.ts')).endure(request.epochs, request.steps) }
    case 'study':
      return (await import('./ours/study.ts')).study(request.files, request.profile)
    case 'contents':
      return (await import('./ours/contents.ts')).readContents(request.files)
    case 'small study':
      await (await import('./ours/small-study.ts')).writeSmallStudy(request)
      return {}
    case 'reproduction':
      return (await import('./ours/reproduction.ts')).reproduce(request)
    default:
      throw new Error(`Expected a request of ours, got ${request.do}`)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
}
process.exit(0)
