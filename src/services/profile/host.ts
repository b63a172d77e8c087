/** The name of this machine. A process number says nothing on another machine. */
import { hostname } from 'node:os'
import process from 'node:process'

/**
 * SELF_MRI_HOST replaces the system's name. A container gets another name at each start, and a laptop in each network.
 */
export const thisHost = (): string => process.env.SELF_MRI_HOST || hostname()

/** A version before 0.4.0 stored no name (`null`). Its processes count as processes of this machine. */
export const isThisHost = (host: string | null): boolean => host === null || host === thisHost()

/** 'process 4711', or 'process 4711 on n3' for a process of another machine. */
export const processInWords = (pid: number, host: string | null): string =>
  isThisHost(host) ? `process ${pid}` : `process ${pid} on ${host}`
