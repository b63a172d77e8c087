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
})
export type Device = z.infer<typeof Device>

/** A native operation: the number of its calls, and the milliseconds of all calls together. */
export const OperationTime = z.object({ name: z.string(), count: z.int(), ms: z.number() })
export type OperationTime = z.infer<typeof OperationTime>

export const EngineHealth = Device.extend({
  node: z.string(),
  platform: z.string(),
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
})
export type EngineState = z.infer<typeof EngineState>
