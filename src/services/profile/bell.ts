/** Notifies listeners in this process that the database has changed. Listeners read the change from the database. */
export interface Bell {
  ring(): void
  /** Calls `listener` at every ring until the returned function is called. */
  listen(listener: () => void): () => void
}

export function makeBell(): Bell {
  const listeners = new Set<() => void>()
  return {
    ring() {
      for (const listener of listeners) listener()
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
