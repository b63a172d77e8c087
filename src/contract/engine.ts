/** What the engine says of itself. */
import { z } from 'zod'

/** Which TensorFlow computes, and where. */
export const Device = z.object({
  tensorflow: z.string(),
  tfjs: z.string(),
  device: z.enum(['GPU', 'CPU']),
  /** The GPU's name, where its driver tells it. */
  gpu: z.string().nullable(),
  /** What compiles the graphs that are replayed, beside TensorFlow's own optimizer. */
  compiler: z.literal('XLA').nullable().default(null),
})
export type Device = z.infer<typeof Device>

/** A native operation: how often it is called, and the milliseconds of all its calls. */
export const OperationTime = z.object({ name: z.string(), count: z.int(), ms: z.number() })
export type OperationTime = z.infer<typeof OperationTime>

export const EngineHealth = Device.extend({
  node: z.string(),
  platform: z.string(),
  cores: z.int(),
  memory: z.object({ totalBytes: z.number(), freeBytes: z.number(), residentBytes: z.number() }),
  /** A training step of U-Net-8 on 64 × 64 images, batch 1: median of ten, milliseconds. */
  stepMs: z.number(),
  /** How trainings take their steps: replayed as one native graph, or one operation at a time. */
  way: z.enum(['graph', 'eager']),
  /** Why not as a graph, in a line each. */
  notes: z.array(z.string()),
  /** The operations of one such step, taken eagerly. */
  operations: z.array(OperationTime),
  loss: z.number(),
})
export type EngineHealth = z.infer<typeof EngineHealth>

/** The bottom line of the window. */
export const EngineState = z.object({
  /** The TensorFlow that is installed; `null`: none, or a broken one. */
  installed: z.object({ tensorflow: z.string(), variant: z.enum(['cpu', 'cuda']) }).nullable(),
  /** Where it computes, once an engine process has started. */
  device: z.enum(['GPU', 'CPU']).nullable(),
  threads: z.int(),
  /** Resident memory of the engine processes, bytes. */
  residentBytes: z.number(),
  /** What it is doing, in words; `null` when idle. */
  doing: z.string().nullable(),
})
export type EngineState = z.infer<typeof EngineState>
