/**
 * Where a long work stops between two slices: whoever runs it lets others go first, and rejects with `CANCELLED` once it is cancelled.
 * Core knows no event loop, so it is handed one of these.
 */
export type Pause = () => Promise<void>
