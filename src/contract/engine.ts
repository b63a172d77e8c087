/** What the engine says of itself. */

/** Which TensorFlow computes, and where. */
export interface Device {
  readonly tensorflow: string
  readonly tfjs: string
  readonly device: 'GPU' | 'CPU'
}

export interface EngineHealth extends Device {
  readonly node: string
  readonly platform: string
  readonly cores: number
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number; readonly residentBytes: number }
  /** A training step of U-Net-8 on 64 × 64 images, batch 1: median of ten, milliseconds. */
  readonly stepMs: number
  readonly loss: number
}
