/** Damaged files of PyTorch: each is read, or refused with an error that names the file. */
import { expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { allFinite } from '../../../../src/core/extremes.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { readTorchFile } from '../../../../src/core/torch/file.ts'
import { refusalFor } from '../../../../src/core/torch/refusal.ts'
import { openZip } from '../../../../src/core/torch/zip.ts'
import { readTorchFixture, type ZipMember, zipOf } from '../../../torch-files.ts'

const FILES = ['unet.ckpt', 'unet-2018.pt', 'varied.pt', 'varied-protocol-4.pt', 'module.pt', 'without-crc32.pt']
const TRIALS = 1000

/** Reads a damaged file. Returns whether it was refused. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    const { tensors } = readTorchFile(bytes, 'damaged.pt')
    let total = 0
    for (const { shape, data } of tensors.values()) {
      expect(data.length).toBe(shape.reduce((product, length) => product * length, 1))
      expect(allFinite(data)).toBe(true)
      total += data.byteLength
    }
    expect(total).toBeLessThanOrEqual(4 * bytes.length)
    return false
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.message).toContain('damaged.pt')
    return true
  }
}

function membersOf(file: Uint8Array): ZipMember[] {
  const zip = openZip(file, refusalFor('fixture'))
  return zip.names.map(name => ({ name, content: zip.read(name) }))
}

/** Changes bytes: one bit, one byte, a part that is cut out, doubled or replaced by random bytes, or an early end. */
function damage(original: Uint8Array, random: RandomState, anyByte: () => number): Buffer {
  const bytes = Buffer.from(original)
  const at = random.randint(bytes.length)
  const to = Math.min(bytes.length, at + 1 + random.randint(24))
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
  const kind = random.randint(6)
  if (kind === 0) bytes[at] ^= 1 << random.randint(8)
  else if (kind === 1) bytes[at] = anyByte()
  else if (kind === 2) return Buffer.concat([before, after])
  else if (kind === 3) return Buffer.concat([before, part, part, after])
  else if (kind === 4) return Buffer.concat([before, Buffer.from(part.map(anyByte)), after])
  else return before
  return bytes
}

it.each(FILES)('the whole file is damaged: %s', name => {
  const original = readTorchFixture(name)
  const random = RandomState.fromSeed(28)
  let refused = 0
  for (let trial = 0; trial < TRIALS; trial++)
    if (isRefused(damage(original, random, () => random.randint(256)))) refused++
  expect(refused).toBeGreaterThan(TRIALS / 3)
})

it.each(FILES)('the table of the zip file is damaged, and no checksum tells: %s', name => {
  const members = membersOf(readTorchFixture(name)).map(member => ({ ...member, crc: 0 }))
  const original = zipOf(members)
  const tableBytes = original.length - original.readUInt32LE(original.length - 6)
  const random = RandomState.fromSeed(29)
  let refused = 0
  for (let trial = 0; trial < TRIALS; trial++) {
    const bytes = Buffer.from(original)
    for (let changes = random.randint(3); changes >= 0; changes--)
      bytes[bytes.length - 1 - random.randint(tableBytes)] = random.randint(256)
    if (isRefused(bytes)) refused++
  }
  expect(refused).toBeGreaterThan(TRIALS / 10)
})

it.each(FILES)('the pickle is damaged, and its checksum is right: %s', name => {
  const members = membersOf(readTorchFixture(name))
  const pickle = members.find(member => member.name.endsWith('/data.pkl'))!
  const random = RandomState.fromSeed(30)
  // Half of the new bytes are bytes of the pickle, most of which are opcodes.
  const anyByte = () =>
    random.randint(2) === 0 ? pickle.content[random.randint(pickle.content.length)] : random.randint(256)
  let refused = 0
  for (let trial = 0; trial < TRIALS; trial++) {
    let content = damage(pickle.content, random, anyByte)
    if (random.randint(2) === 0 && content.length > 0) content = damage(content, random, anyByte)
    const changed = members.map(member => (member === pickle ? { ...member, content } : member))
    if (isRefused(zipOf(changed))) refused++
  }
  expect(refused).toBeGreaterThan(TRIALS / 2)
})

it('a pickle of random opcodes', () => {
  const opcodes = Buffer.from(
    '0(1NGJKMXTUBC)]}ae tsulqrhjcRbQ.\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x92\x93\x94\x95',
    'latin1',
  )
  const random = RandomState.fromSeed(31)
  for (let trial = 0; trial < 4 * TRIALS; trial++) {
    const body = Uint8Array.from({ length: 1 + random.randint(60) }, () => opcodes[random.randint(opcodes.length)])
    isRefused(zipOf([{ name: 'a/data.pkl', content: Buffer.concat([Buffer.from([0x80, 2]), body]) }]))
  }
})
