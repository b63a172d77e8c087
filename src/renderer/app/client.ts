/** The typed client of the services, the same behind app:// and HTTP. */
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { contract } from '../../contract/api.ts'
import type { DesktopApi } from '../../contract/desktop.ts'

export const client: ContractRouterClient<typeof contract> = createORPCClient(
  new RPCLink({ url: `${location.origin}/rpc` }),
)

/** What the desktop adds: native dialogs and paths. `undefined` in a browser. */
export const desktop = (window as { selfMri?: DesktopApi }).selfMri

/** What happened, in the services' own words. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message
  return String(error)
}

export const errorCode = (error: unknown): string | null => (error instanceof ORPCError ? error.code : null)

export interface WorkProgress {
  readonly done: number
  readonly total: number
  readonly label: string
}

/** Follows a long work to its result. Aborting ends it on the host. */
export async function followWork<Result>(
  start: (options: {
    signal: AbortSignal
  }) => Promise<AsyncIterable<({ type: 'progress' } & WorkProgress) | { type: 'done'; result: Result }>>,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<Result> {
  for await (const event of await start({ signal })) {
    if (event.type === 'done') return event.result
    onProgress(event)
  }
  throw new Error('The work ended without a result')
}
