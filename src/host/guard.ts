/**
 * Decides which requests the host answers. Every program and every web page on this computer can reach the host's port.
 * A request therefore needs all of the following:
 * - the token, which only the printed URL contains
 * - a Host header that names this computer, because a foreign page could resolve its name to it (DNS rebinding)
 * - no foreign Origin
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export const makeToken = (): string => randomBytes(16).toString('hex')

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares in a time that does not depend on the position of the first difference. */
const equal = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))

const page = (status: number, title: string, text: string) =>
  new Response(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Self-MRI</title>' +
      `<h1>${title}</h1><p>${text}</p></html>`,
    {
      status,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'",
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      },
    },
  )

/** The name contains the port, because a browser shares cookies between ports. */
const cookieName = (port: number) => `self-mri-${port}`

function cookieOf(request: Request, name: string): string | null {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return null
}

/** Returns a function that gives the response to a refused request, or `null` for an allowed request. */
export function makeGuard(port: number, token: string): (request: Request) => Response | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]

  return request => {
    const { headers } = request
    const host = headers.get('host') ?? ''
    const origin = headers.get('origin')
    if (!hosts.includes(host) || (origin !== null && origin !== `http://${host}`)) {
      return page(
        403,
        'Wrong address',
        `This host answers only to ${hosts.join(' and ')}. An SSH tunnel needs the same port on both sides: ` +
          `ssh -L ${port}:127.0.0.1:${port} …`,
      )
    }
    const url = new URL(request.url)
    const given = url.searchParams.get('token')
    if (request.method === 'GET' && url.pathname === '/' && given !== null && equal(given, token)) {
      return new Response(null, {
        status: 303,
        headers: {
          location: '/',
          'set-cookie': `${cookieName(port)}=${token}; Path=/; HttpOnly; SameSite=Strict`,
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
        },
      })
    }
    const bearer = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1]
    const shown = bearer ?? cookieOf(request, cookieName(port))
    if (shown && equal(shown, token)) return null
    return page(401, 'Key missing', 'Open the URL that Self-MRI printed at its start. The URL contains the key.')
  }
}
