/** State and health of the engine. */
import { z } from 'zod'

/** TensorFlow's version, and the device on which it computes, as the engine process finds them. */
export const Device = z.object({
  /** Name of the machine. */
  host: z.string(),
  /** The processor's model. `null` if the system does not tell. */
  cpu: z.string().nullable(),
  /** The threads that compute. */
  threads: z.int(),
  tensorflow: z.string(),
  tfjs: z.string(),
  device: z.enum(['GPU', 'CPU']),
  /** The GPU's name. `null` if the driver does not report a name. */
  gpu: z.string().nullable(),
  /** The compiler of replayed graphs. `null`: only TensorFlow's own optimizer. */
  compiler: z.literal('XLA').nullable().default(null),
  /**
   * The kernels that compute networks: `TensorFlow`, or `Self-MRI 1 (AVX2)` with version and instruction set, and with
   * the compiler if its bits may differ from the recorded bits: `Self-MRI 1 (AVX2, Clang 19)`. Equal kernels give equal
   * bits.
   */
  kernels: z.string(),
  /** Node's version. */
  node: z.string(),
  /** `linux x64` */
  platform: z.string(),
  variant: z.enum(['cpu', 'cuda']),
  /** Name of the engine's folder, which states everything that the engine depends on. */
  build: z.string(),
})
export type Device = z.infer<typeof Device>

/** A native operation: the number of its calls, and the milliseconds of all calls together. */
export const OperationTime = z.object({ name: z.string(), count: z.int(), ms: z.number() })
export type OperationTime = z.infer<typeof OperationTime>

/** A program that is not of this window, and computes on a GPU. */
export const OtherProgram = z.object({
  pid: z.int(),
  name: z.string(),
  /** Memory of the GPU. `null`: the driver does not tell. */
  usedBytes: z.number().nullable(),
})
export type OtherProgram = z.infer<typeof OtherProgram>

/** What NVIDIA's driver tells of a GPU. `null`: the driver does not tell. */
export const GpuState = z.object({
  usedBytes: z.number().nullable(),
  totalBytes: z.number().nullable(),
  /** Degrees Celsius. */
  temperature: z.number().nullable(),
  /** Per cent of the time in which the GPU computed. */
  utilisation: z.number().nullable(),
  others: z.array(OtherProgram),
})
export type GpuState = z.infer<typeof GpuState>

/** A device of this machine on which trainings compute. */
export const DeviceState = z.object({
  /** `GPU 0`, with the number of nvidia-smi, or `CPU`. */
  label: z.string(),
  /** The GPU's name. */
  name: z.string().nullable(),
  kind: z.enum(['GPU', 'CPU']),
  /** The trainings of this program on the device, each with its present activity. Empty when idle. */
  runs: z.array(z.object({ run: z.string(), words: z.string() })),
  /** Resident memory of the device's engine processes, bytes. */
  residentBytes: z.number(),
  /** `null`: a CPU, or nvidia-smi does not answer. */
  gpu: GpuState.nullable(),
  /** Whether the device was there before, and no longer answers. */
  isMissing: z.boolean(),
})
export type DeviceState = z.infer<typeof DeviceState>

/** A device that the settings can choose. */
export const OfferedDevice = DeviceState.pick({ label: true, name: true, kind: true }).extend({
  /** Names the device in the settings. */
  id: z.string(),
})
export type OfferedDevice = z.infer<typeof OfferedDevice>

export const EngineHealth = Device.extend({
  cores: z.int(),
  memory: z.object({ totalBytes: z.number(), freeBytes: z.number(), residentBytes: z.number() }),
  /** Milliseconds of a training step: U-Net-8, 64 × 64 images, batch 1, median of ten. */
  stepMs: z.number(),
  /** `graph`: a step is replayed as one native graph. `eager`: a step calls one operation after another. */
  way: z.enum(['graph', 'eager']),
  /** Why native kernels do not compute, and why steps are not replayed as a graph, one line each. */
  notes: z.array(z.string()),
  /** The operations of one such step, when computed eagerly. */
  operations: z.array(OperationTime),
  loss: z.number(),
})
export type EngineHealth = z.infer<typeof EngineHealth>

/** The examination of one device. */
export const DeviceHealth = EngineHealth.extend({
  label: z.string(),
  /** The training that holds the device, in words. `null` when free. */
  doing: z.string().nullable(),
  state: GpuState.nullable(),
})
export type DeviceHealth = z.infer<typeof DeviceHealth>

/** The bottom line of the window. */
export const EngineState = z.object({
  /** The installed TensorFlow. `null`: no TensorFlow, or a broken installation. */
  installed: z.object({ tensorflow: z.string(), variant: z.enum(['cpu', 'cuda']) }).nullable(),
  /** The device that computes. `null` until an engine process has started. */
  device: z.enum(['GPU', 'CPU']).nullable(),
  threads: z.int(),
  /** Resident memory of the engine processes, bytes. */
  residentBytes: z.number(),
  /** The engine's present task in words. `null` when idle. */
  doing: z.string().nullable(),
  /** The devices of this machine that the settings choose. Empty until they are listed. */
  devices: z.array(DeviceState),
  /** Jobs of runs on other machines. `null`: there are none. */
  jobs: z.object({ running: z.int(), pending: z.int() }).nullable(),
})
export type EngineState = z.infer<typeof EngineState>
