/** Reads again what is on screen, after something was done to it. */
import type { QueryClient } from '@tanstack/react-query'

export const queries: { current: QueryClient | null } = { current: null }

/** Resolves once what is on screen has been read again, so that what is opened next is in it. */
export const refresh = async (...keys: string[]): Promise<void> => {
  await Promise.all(keys.map(key => queries.current?.invalidateQueries({ queryKey: [key] })))
}

export const refreshAll = async (): Promise<void> => queries.current?.invalidateQueries()
