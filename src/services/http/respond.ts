/** Responses that all routes share. */
import { describeFault } from './faults.ts'

export const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })

export const notFound = (what: string): Response => json({ code: 'NOT_FOUND', message: `There is no ${what}` }, 404)

/** Responds with `{ code, message }` and the status of the code. */
export function failure(error: unknown): Response {
  const { code, message, status } = describeFault(error)
  return json({ code, message }, status)
}
