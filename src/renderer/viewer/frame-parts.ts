/** What the host answers to a request for several images, part by part as they come. */
import { FRAMES_PATH, FramesPart, type FramesRequest } from '../../contract/images.ts'

/** The host's error in place of images, or why the host did not answer. */
export class FrameFailure extends Error {
  readonly code: string
  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super(message)
    this.code = code
  }
}

/** What the host says in place of an image. */
export const failureOf = async (response: Response): Promise<FrameFailure> =>
  new FrameFailure(
    await response.json().catch(() => ({ code: 'INTERNAL', message: `The host answered ${response.status}` })),
  )

/** Gives so many bytes of a stream, in memory of their own; `null` at its end. */
function takingFrom(stream: ReadableStream<Uint8Array>): (count: number) => Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = stream.getReader()
  let rest: Uint8Array = new Uint8Array()
  return async count => {
    const bytes = new Uint8Array(count)
    for (let filled = 0; filled < count; ) {
      if (rest.length === 0) {
        const { done, value } = await reader.read()
        if (done) return null
        rest = value
      }
      const next = rest.subarray(0, count - filled)
      bytes.set(next, filled)
      filled += next.length
      rest = rest.subarray(next.length)
    }
    return bytes
  }
}

export type Part = FramesPart & { readonly image: Float32Array }

/** Throws `FrameFailure` where the host refuses all of it. */
export async function* askForFrames(request: FramesRequest, signal: AbortSignal): AsyncGenerator<Part> {
  const response = await fetch(FRAMES_PATH, { method: 'POST', body: JSON.stringify(request), signal })
  if (!response.ok) throw await failureOf(response)
  const take = takingFrom(response.body!)
  while (true) {
    const lengths = await take(8)
    if (!lengths) return
    const [text, pixels] = new Uint32Array(lengths.buffer)
    const head = await take(text)
    const body = await take(pixels)
    if (!head || !body) return
    yield {
      ...FramesPart.parse(JSON.parse(new TextDecoder().decode(head))),
      image: new Float32Array(body.buffer),
    }
  }
}
