import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openChannel } from '../../../../src/engine/process/channel.ts'

/** The bytes of messages on the pipe. */
async function bytesOf(...messages: unknown[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  const write = (chunk: Buffer, _encoding: unknown, done: () => void) => {
    chunks.push(Buffer.from(chunk))
    done()
  }
  const channel = openChannel(new Duplex({ read() {}, write }), () => {})
  for (const message of messages) await channel.send(message)
  return Buffer.concat(chunks)
}

/** The messages that arrive if the bytes come in these pieces. */
function received(pieces: readonly Buffer[]): unknown[] {
  const messages: unknown[] = []
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  openChannel(stream, message => messages.push(message))
  for (const piece of pieces) stream.emit('data', piece)
  return messages
}

describe('a message', () => {
  const message = {
    numbers: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 2 ** 40, -1, 1e-300],
    nothing: [null, undefined],
    missing: undefined,
    text: 'µT · 片',
    nested: { empty: {}, list: [], flag: false, 12: 'a number as a name' },
    floats: Float32Array.of(0.1, Number.NaN, Number.NEGATIVE_INFINITY),
    bytes: Uint8Array.of(0, 255, 7),
    none: new Float32Array(0),
  }

  it('arrives unchanged', async () => {
    const [arrived] = received([await bytesOf(message)]) as [typeof message]
    expect(arrived).toStrictEqual(message)
    expect('missing' in arrived).toBe(true)
  })

  it('has arrays that own their memory, at every place in the message', async () => {
    for (const padding of ['', 'a', 'ab', 'abc']) {
      const whole = Float32Array.of(1, 2, 3, 4, 5)
      const bytes = await bytesOf({ padding, image: whole.subarray(1, 4), pixels: Uint8Array.of(9) })
      const [{ image, pixels }] = received([bytes]) as [{ image: Float32Array; pixels: Uint8Array }]
      bytes.fill(0)
      expect(image).toEqual(Float32Array.of(2, 3, 4))
      expect([image.byteOffset, image.buffer.byteLength]).toEqual([0, 12])
      expect(pixels).toStrictEqual(Uint8Array.of(9)) // not a Buffer
      expect(pixels.buffer.byteLength).toBe(1)
    }
  })

  it('can arrive in pieces of any size, or with other messages', async () => {
    const sent = [{ a: 1 }, message, 'b', new Float32Array(100).fill(3), null]
    const bytes = await bytesOf(...sent)
    for (const size of [1, 3, 4, 5, 64, 1000, bytes.length]) {
      const count = Math.ceil(bytes.length / size)
      const pieces = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      expect(received(pieces)).toStrictEqual(sent)
    }
  })

  it('of many chunks is joined once', async () => {
    const image = new Float32Array(2 ** 20).fill(1.5)
    const bytes = await bytesOf({ image })
    const pieces = Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, i) =>
      bytes.subarray(i * 65536, (i + 1) * 65536),
    )
    const { concat } = Buffer
    let joined = 0
    Buffer.concat = (list, length) => {
      const whole = concat(list, length)
      joined += whole.length
      return whole
    }
    try {
      expect(received(pieces)).toStrictEqual([{ image }])
    } finally {
      Buffer.concat = concat
    }
    expect(joined).toBe(bytes.length)
  })
})

describe('sending', () => {
  it('ends when the system has taken the bytes, or when the other side has ended', async () => {
    const path = join(tmpdir(), `channel-${process.pid}.sock`)
    const server = createServer().listen(path)
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
    const near = createConnection(path)
    const far = await accepted
    const channel = openChannel(near, () => {})
    let sent = false
    const image = new Float32Array(2 ** 20)
    const sending = channel.send({ image }).then(() => {
      sent = true
    })
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(sent).toBe(false) // 4 MB do not fit into the pipe until somebody reads.
    far.resume()
    await sending
    far.destroy()
    await Promise.all(Array.from({ length: 5 }, () => channel.send({ image })))
    near.destroy()
    server.close()
  })
})
