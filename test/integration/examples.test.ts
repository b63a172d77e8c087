/** Runs each example as a user does, at its tiny size: finite losses and scores, and a picture of three panes. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'
import { afterAll, expect, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const names = readdirSync(join(root, 'examples')).flatMap(file => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))

vi.setConfig({ testTimeout: 240_000 })

const folder = mkdtempSync(join(tmpdir(), 'self-mri-examples-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const picture = (where: string, name: string) => join(folder, where, 'self-mri-examples', `${name}.png`)

interface Finished {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** @param where the folder in which the command is typed */
function run(where: string, ...args: string[]): Promise<Finished> {
  const INIT_CWD = join(folder, where)
  mkdirSync(INIT_CWD, { recursive: true })
  const script = join(root, 'scripts', 'example.mjs')
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, INIT_CWD } })
  return new Promise(resolve => {
    let [out, err] = ['', '']
    child.stdout.on('data', text => (out += text))
    child.stderr.on('data', text => (err += text))
    child.on('close', status => resolve({ status, out, err }))
  })
}

const numbers = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, number]) => Number(number))

test.each(names)('%s', async name => {
  const { status, out, err } = await run('all', name, '--tiny')
  expect(status, err).toBe(0)
  const losses = numbers(/loss ([^\s,]+)/g, out)
  const scores = numbers(/^SSIM of .*: (\S+)$/gm, out)
  expect(scores).toHaveLength(2)
  for (const number of [...losses, ...scores]) expect(number, out).toSatisfy(Number.isFinite)
  if (name !== 'library-parts') expect(losses.at(-1), out).toBeLessThan(losses.at(-2)!)

  const { width, height, channels, data } = decode(readFileSync(picture('all', name)))
  expect([width, height, channels]).toEqual([3 * 126, 128, 1])
  for (const pane of [0, 1, 2]) {
    const pixels = data.filter((_, i) => Math.floor((i % width) / 126) === pane)
    expect(new Set(pixels).size, `grey values of pane ${pane}`).toBeGreaterThan(20)
  }
})

test('a seed gives one result, and another seed another result', async () => {
  const [one, again, other] = await Promise.all(
    ['1', '1', '2'].map((seed, i) => run(`seed ${i}`, 'supervised', '--tiny', '--seed', seed)),
  )
  expect(again).toEqual(one)
  expect(other.out).not.toBe(one.out)
})

test('an example replaces its earlier picture, and no file of a user', async () => {
  const ours = picture('again', 'library-parts')
  for (const seed of ['1', '2']) {
    const before = existsSync(ours) ? readFileSync(ours) : null
    expect(await run('again', 'library-parts', '--tiny', '--seed', seed)).toMatchObject({ status: 0 })
    expect(readFileSync(ours)).not.toEqual(before)
  }
  const theirs = picture('own', 'library-parts')
  mkdirSync(dirname(theirs), { recursive: true })
  writeFileSync(theirs, 'mine')
  const { status, err } = await run('own', 'library-parts', '--tiny')
  expect(status).toBe(1)
  expect(err).toContain('Cannot replace self-mri-examples/library-parts.png, which Self-MRI did not write')
  expect(readFileSync(theirs, 'utf8')).toBe('mine')
})

test('without a name, and for another name, the examples are listed', async () => {
  const listed = await run('list')
  expect(listed.status).toBe(0)
  for (const name of names) expect(listed.out).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'))
  expect(await run('list', '../src/cli/main')).toMatchObject({ status: 1, err: expect.stringContaining(names[0]) })
})
