/**
 * Who may talk to the host. Every program and every web page on this machine can reach its port, so: a token that only the printed URL
 * carries; a Host header that names this machine, or a page elsewhere could have its own name resolve to it (DNS rebinding); and no
 * foreign Origin.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export const makeToken = (): string => randomBytes(16).toString('hex')

const digest = (text: string) => createHash('sha256').update(text).digest()

/** In a time that does not depend on where they differ. */
const equal = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))

const page = (status: number, title: string, text: string) =>
  new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Self-MRI</title><h1>${title}</h1><p>${text}</p></html>`,
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

/** Ports share a browser's cookies, so the name says which host's it is. */
const cookieName = (port: number) => `self-mri-${port}`

function cookieOf(request: Request, name: string): string | null {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return null
}

/** The response to a request that goes no further, or `null` for one that may. */
export function makeGuard(port: number, token: string): (request: Request) => Response | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]

  return request => {
    const { headers } = request
    const host = headers.get('host') ?? ''
    const origin = headers.get('origin')
    if (!hosts.includes(host) || (origin !== null && origin !== `http://${host}`)) {
      return page(
        403,
        'Not from here',
        `This host answers to ${hosts.join(' and ')} only. A tunnel to it needs the same port on both sides: ssh -L ${port}:127.0.0.1:${port} …`,
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
    return page(401, 'Which window is this?', 'Open the URL that Self-MRI printed as it started: it carries the key.')
  }
}
