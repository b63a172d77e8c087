/**
 * A long computation calls `Pause` between two slices, so that other work goes first.
 * Rejects with `CANCELLED` once the computation is cancelled.
 * Core receives a `Pause`, because core knows no event loop.
 */
export type Pause = () => Promise<void>
