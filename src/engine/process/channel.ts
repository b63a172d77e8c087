/**
 * Messages over a byte stream, each a 32-bit little-endian length and MessagePack. Plain bytes, because Electron's V8 and Node's
 * may serialise objects differently. NaN, infinities, `undefined` and typed arrays pass; a received array owns its memory.
 */
import type { Duplex } from 'node:stream'
import { Packr } from 'msgpackr'

const LENGTH_BYTES = 4

export interface Channel<Outgoing> {
  /** Resolves once the system has taken every byte, or never will: the other side is gone. */
  send(message: Outgoing): Promise<void>
}

export function openChannel<Outgoing, Incoming>(
  stream: Duplex,
  receive: (message: Incoming) => void,
): Channel<Outgoing> {
  const packr = new Packr({ useRecords: false, moreTypes: true })
  let chunks: Buffer[] = []
  let held = 0
  let needed = LENGTH_BYTES

  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    held += chunk.length
    if (held < needed) return // joined once a message is whole, however many chunks it came in
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    const messages: Buffer[] = []
    while (true) {
      needed = LENGTH_BYTES + (bytes.length < LENGTH_BYTES ? 0 : bytes.readUInt32LE())
      if (bytes.length < needed) break
      messages.push(bytes.subarray(LENGTH_BYTES, needed))
      bytes = bytes.subarray(needed)
    }
    chunks = [bytes]
    held = bytes.length
    for (const message of messages) receive(packr.unpack(message))
  })
  stream.on('error', () => {}) // the other side is gone: `close` follows

  return {
    send(message) {
      const bytes = packr.pack(message)
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt32LE(bytes.length)
      return new Promise(resolve => {
        stream.cork()
        stream.write(length)
        stream.write(bytes, () => resolve())
        stream.uncork()
      })
    },
  }
}
