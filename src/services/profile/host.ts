/** Processes of this machine and of other machines. A process number says nothing on another machine. */
import { thisHost } from '../../engine/install/environment.ts'

export { thisHost }

/** A version before 0.4.0 stored no name (`null`). Its processes count as processes of this machine. */
export const isThisHost = (host: string | null): boolean => host === null || host === thisHost()

/** 'process 4711', or 'process 4711 on n3' for a process of another machine. */
export const processInWords = (pid: number, host: string | null): string =>
  isThisHost(host) ? `process ${pid}` : `process ${pid} on ${host}`
