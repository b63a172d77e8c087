/** Serves the files of the bundled window. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { notFound } from './respond.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

/** Text in index.html that each response replaces by its nonce. */
const PLACEHOLDER = '__CSP_NONCE__'

const policy = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

async function indexPage(folder: string): Promise<Response> {
  const nonce = randomBytes(16).toString('base64')
  const page = await readFile(join(folder, 'index.html'), 'utf8')
  return new Response(page.replaceAll(PLACEHOLDER, nonce), {
    headers: {
      'content-type': TYPES['.html'],
      'content-security-policy': policy(nonce),
      'cache-control': 'no-store',
    },
  })
}

/** @param parts the decoded path. A path without an ending is a screen of the window, and is answered by index.html. */
export async function sendAsset(folder: string, parts: readonly string[]): Promise<Response> {
  const name = parts.at(-1) ?? ''
  if (extname(name) === '' || parts.join('/') === 'index.html') return indexPage(folder)
  if (parts.some(part => part === '' || part.startsWith('.') || /[\\/\0]/.test(part))) return notFound('such file')
  const bytes = await readFile(join(folder, ...parts)).catch(() => null)
  if (!bytes) return notFound(`file ${parts.join('/')}`)
  return new Response(bytes, {
    headers: {
      'content-type': TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream',
      // The bundler puts a hash of the content into the names of its assets.
      'cache-control': parts[0] === 'assets' ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  })
}
