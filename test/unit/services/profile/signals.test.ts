/** Signals, in a separate program that prints the signals it gets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { expect, it, vi } from 'vitest'

const SIGNALS = import.meta.resolve('../../../../src/services/profile/signals.ts')
const SCRIPT = `
  const { hearSignals } = await import(${JSON.stringify(SIGNALS)})
  const timer = setInterval(() => {}, 1000)
  hearSignals(signal => {
    console.log('ends by', signal)
    // Writing a state takes time. Meanwhile a launcher may pass the signal on once more.
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

it('end the program in order at the first signal, even if the signal is passed on several times', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const { child, said, says } = await begin()
    child.kill(signal)
    await says(signal)
    child.kill(signal)
    expect(await ended(child)).toEqual([0, null])
    expect(said.out).toBe(`ready\nends by ${signal}\nwritten\n`)
  }
})

it('end the program at once at a second signal, with 128 + its number', async () => {
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

it('do not end the program and open no inspector if they are SIGUSR1 or SIGUSR2', async () => {
  const { child, said, says } = await begin()
  child.kill('SIGUSR1')
  child.kill('SIGUSR2')
  child.kill('SIGTERM')
  await says('written')
  expect(await ended(child)).toEqual([0, null])
  expect(said).toEqual({ out: 'ready\nends by SIGTERM\nwritten\n', err: '' })
})
