/** Signals, in a program of its own that says what it hears. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { expect, it, vi } from 'vitest'

const SCRIPT = `
  const { hearSignals } = await import(${JSON.stringify(import.meta.resolve('../../../../src/services/profile/signals.ts'))})
  const timer = setInterval(() => {}, 1000)
  hearSignals(signal => {
    console.log('ends by', signal)
    // A state takes its time; the same signal may come again meanwhile, from who passes it on.
    setTimeout(() => { console.log('written'); if (process.argv[1] !== 'hang') clearInterval(timer) }, 50)
  })
  console.log('ready')`

async function begin(mode = '') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', chunk => (said.out += chunk))
  child.stderr.on('data', chunk => (said.err += chunk))
  const says = (words: string) => vi.waitFor(() => expect(said.out).toContain(words), { timeout: 20_000, interval: 5 })
  await says('ready')
  return { child, said, says }
}

const ended = async (child: ChildProcess) => (await once(child, 'close')) as [number | null, NodeJS.Signals | null]

it('end in order at the first, however often it is passed on', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const { child, said, says } = await begin()
    child.kill(signal)
    await says(signal)
    child.kill(signal)
    expect(await ended(child)).toEqual([0, null])
    expect(said.out).toBe(`ready\nends by ${signal}\nwritten\n`)
  }
})

it('end at once at a second one, with 128 + its number', async () => {
  for (const [signal, status] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { child, says } = await begin('hang')
    child.kill('SIGTERM')
    await says('written')
    const again = setInterval(() => child.kill(signal), 50)
    expect(await ended(child)).toEqual([status, null])
    clearInterval(again)
  }
})

it('end nothing where they are SIGUSR1 or SIGUSR2, and open no inspector', async () => {
  const { child, said, says } = await begin()
  child.kill('SIGUSR1')
  child.kill('SIGUSR2')
  child.kill('SIGTERM')
  await says('written')
  expect(await ended(child)).toEqual([0, null])
  expect(said).toEqual({ out: 'ready\nends by SIGTERM\nwritten\n', err: '' })
})
