/**
 * Sends messages over a byte stream: a 32-bit little-endian length, then MessagePack. Node's and Electron's built-in
 * serialisations may differ, so they are not used. NaN, infinities, `undefined` and typed arrays arrive unchanged. A
 * received array owns its memory. See docs/decisions/0012-engines-are-plain-node.md.
 */
import type { Duplex } from 'node:stream'
import { Packr } from 'msgpackr'

const LENGTH_BYTES = 4

export interface Channel<Outgoing> {
  /** Resolves when the system has accepted all bytes, or when the other side is gone. */
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
    if (held < needed) return // chunks are joined once, when a message is complete
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
  stream.on('error', () => {}) // the other side is gone, and `close` follows

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
