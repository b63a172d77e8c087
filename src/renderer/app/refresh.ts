/** Reads data of the services again after a change. */
import type { QueryClient } from '@tanstack/react-query'

export const queries: { current: QueryClient | null } = { current: null }

/** Resolves when the data is read again, so that a new run is in the list before its page opens. */
export const refresh = async (...keys: string[]): Promise<void> => {
  await Promise.all(keys.map(key => queries.current?.invalidateQueries({ queryKey: [key] })))
}

export const refreshAll = async (): Promise<void> => queries.current?.invalidateQueries()
