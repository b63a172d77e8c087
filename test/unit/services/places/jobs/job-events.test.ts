import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { allEvents, type JobLine, readEvents, writeEvents } from '../../../../../src/services/places/jobs/job-events.ts'

vi.mock('node:fs', { spy: true })

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-events-'))
  path = join(folder, 'events.jsonl')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const never = new AbortController().signal
const step = (n: number) => ({ event: { type: 'step', step: n } })
const epoch = (n: number) => ({ event: { type: 'epoch', epoch: n } })
const told = (lines: readonly JobLine[]) => lines.map(({ event }) => event?.step ?? `epoch ${event?.epoch}`)

it('tells each line once, and of steps that follow each other the last', async () => {
  const reader = readEvents(path)
  expect(await reader.next()).toEqual([])
  const writer = writeEvents(path, 'a', never)
  for (const line of [step(1), step(2), epoch(1), step(3), step(4)]) void writer.write(line)
  expect(told(await reader.next())).toEqual([2, 'epoch 1', 4])
  expect(await reader.next()).toEqual([])
  void writer.write(epoch(2))
  expect(told(await reader.next())).toEqual(['epoch 2'])
})

it('waits for the rest of a line that is cut short', async () => {
  const reader = readEvents(path)
  const whole = '{"attempt":"a","event":{"type":"epoch","epoch":"ä"}}\n'
  const bytes = Buffer.from(whole)
  appendFileSync(path, bytes.subarray(0, bytes.indexOf(0xc3) + 1)) // within the letter
  expect(await reader.next()).toEqual([])
  appendFileSync(path, bytes.subarray(bytes.indexOf(0xc3) + 1))
  expect(told(await reader.next())).toEqual(['epoch ä'])
})

it('leaves out a line that an attempt before could not complete', async () => {
  void writeEvents(path, 'a', never).write(epoch(1))
  void writeEvents(path, 'a', never).write(epoch(2))
  truncateSync(path, readFileSync(path).length - 9)
  void writeEvents(path, 'b', never).write(epoch(3))
  expect(told(await allEvents(path))).toEqual(['epoch 1', 'epoch 3'])
})

it('all lines are read without the steps, which are not parsed', async () => {
  const writer = writeEvents(path, 'a', never)
  const words = { event: { type: 'note', words: '"type":"step"', epoch: 2 } }
  for (const line of [step(1), epoch(1), step(2), words, step(3)]) void writer.write(line)
  const parse = vi.spyOn(JSON, 'parse')
  expect(told(await allEvents(path))).toEqual(['epoch 1', 'epoch 2'])
  expect(parse).toHaveBeenCalledTimes(2)
})

it('leaves out lines of an attempt that writes after a newer attempt has begun', async () => {
  const [old, newer] = [writeEvents(path, 'old', never), writeEvents(path, 'new', never)]
  void old.write(epoch(1))
  void newer.write(epoch(2))
  void old.write(epoch(3))
  void newer.write(epoch(4))
  expect(told(await allEvents(path))).toEqual(['epoch 1', 'epoch 2', 'epoch 4'])
})

it('reads a few new lines without waiting for the system, because waiting takes most of the time', async () => {
  void writeEvents(path, 'a', never).write(epoch(1))
  const waited = new Promise<null>(resolve => setImmediate(() => resolve(null)))
  expect(told((await Promise.race([readEvents(path).next(), waited])) ?? [])).toEqual(['epoch 1'])
})

it('reads a long file in parts', async () => {
  const writer = writeEvents(path, 'a', never)
  const words = 'x'.repeat(10_000)
  for (let n = 0; n < 100; n++) void writer.write({ event: { type: 'note', epoch: n, words } })
  const reader = readEvents(path)
  const first = await reader.next()
  expect(first.length).toBeLessThan(30)
  expect(told(await allEvents(path))).toEqual(Array.from({ length: 100 }, (_, n) => `epoch ${n}`))
})

it('keeps the lines in order while the disk is full, and repairs the line that was cut', async () => {
  const fs = await import('node:fs')
  const write = fs.appendFileSync
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const spy = vi.spyOn(fs, 'appendFileSync').mockImplementation((file, data) => {
    vi.mocked(fs.appendFileSync).mockRestore()
    write(file, String(data).slice(0, 12)) // a part of the line has room
    throw full
  })
  vi.useFakeTimers()
  const writer = writeEvents(path, 'a', never)
  const waiting = writer.write(epoch(1))
  expect(spy).toHaveBeenCalledOnce()
  void writer.write(epoch(2))
  await vi.runAllTimersAsync()
  await waiting
  await writer.flush()
  vi.useRealTimers()
  void writer.write(epoch(3))
  expect(told(await allEvents(path))).toEqual(['epoch 1', 'epoch 2', 'epoch 3'])
})
