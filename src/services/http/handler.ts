/** The request handler for app:// and HTTP. The host checks the permission before it calls the handler. */
import { RPCHandler } from '@orpc/server/fetch'
import type { WithQueue } from '../runs/queue.ts'
import { makeFrames } from '../viewing/frames.ts'
import { sendAsset } from './assets.ts'
import { withRpcErrors } from './faults.ts'
import { featuresResponse, frameResponse, framesResponse, previewResponse, thumbnailResponse } from './images.ts'
import { failure, json, notFound } from './respond.ts'
import { makeRouter } from './router.ts'
import { receiveUpload, sendDownload } from './transfers.ts'

export interface HandlerOptions {
  /** Folder of the bundled window: index.html and the files that it loads. */
  readonly assets: string
}

export type Handler = (request: Request) => Promise<Response>

function withSafeHeaders(response: Response): Response {
  response.headers.set('x-content-type-options', 'nosniff')
  response.headers.set('referrer-policy', 'no-referrer')
  return response
}

/**
 * The path's parts. Each part is decoded separately, so that an encoded separator stays within its part.
 * `null`: the encoding is invalid.
 */
function partsOf(pathname: string): string[] | null {
  try {
    return pathname.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return null
  }
}

export function createHandler(opened: WithQueue, { assets }: HandlerOptions): Handler {
  const frames = makeFrames(opened)
  const rpc = new RPCHandler(makeRouter(opened, frames), { clientInterceptors: [withRpcErrors] })

  async function respond(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const parts = partsOf(url.pathname)
    if (!parts) return notFound('such path')
    const [route, ...rest] = parts
    if (route === 'rpc') {
      const { matched, response } = await rpc.handle(request, { prefix: '/rpc', context: {} })
      return matched ? response : notFound('such procedure')
    }
    if (route === 'uploads' && request.method === 'PUT') return receiveUpload(opened.profile, rest, request)
    if (route === 'frames' && request.method === 'POST') return framesResponse(frames, request)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json({ code: 'INVALID_ARGUMENT', message: `Expected GET, got ${request.method}` }, 405)
    if (route === 'frames') return frameResponse(frames, rest, url, request.signal)
    if (route === 'features') return featuresResponse(frames, rest, url, request.signal)
    if (route === 'thumbnails') return thumbnailResponse(frames, rest, request.signal)
    if (route === 'previews') return previewResponse(opened.profile, rest)
    if (route === 'downloads') return sendDownload(opened.profile, rest)
    return sendAsset(assets, parts)
  }

  return request => respond(request).catch(failure).then(withSafeHeaders)
}
