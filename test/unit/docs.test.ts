/** The documents keep their limits: short lines, links that lead somewhere, a README of one page, generated pages that are current. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { ERRORS_PAGE, errorsPage } = await import(join(root, 'scripts', 'docs.mjs'))

const MOST_COLUMNS = 120
const README = { lines: 120, words: 1000, commandsWithin: 30 }
const PICTURE_BYTES = 350_000

/** Written by the program, each paragraph in one line. */
const GENERATED = [ERRORS_PAGE, 'docs/study.md', 'docs/synthetic-knee/study.md']

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const tracked = (pattern: string) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(path => path && existsSync(join(root, path)))

const PAGES = tracked('*.md')

/** A page's lines with their numbers, code blocks left out. */
function proseLines(text: string): { line: string; number: number }[] {
  let code = false
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) code = !code
    return code || /^\s*```/.test(line) ? [] : [{ line, number: index + 1 }]
  })
}

/** A table's row, or a link or picture that is alone on its line, cannot be wrapped. */
const isExempt = (line: string) => /^\s*\|/.test(line) || /^\s*(?:[-*] )?!?\[[^\]]*\]\([^)]*\)[.,]?$/.test(line)

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .replace(/`/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsOf = (path: string) =>
  new Set(
    proseLines(read(path)).flatMap(({ line }) => {
      const [, heading] = /^#{1,6} (.*)$/.exec(line) ?? []
      return heading ? [anchorOf(heading)] : []
    }),
  )

/** What is wrong with a link of a page, or nothing. */
function faultOf(page: string, target: string): string | null {
  if (/^(?:https?:|mailto:)/.test(target)) return null
  const [path, anchor] = target.split('#')
  const file = path ? resolve(root, dirname(page), decodeURI(path)) : join(root, page)
  if (!existsSync(file)) return `${page}: ${target} leads nowhere`
  if (anchor && statSync(file).isFile() && !anchorsOf(relative(root, file)).has(anchor))
    return `${page}: ${target}: there is no such heading`
  return null
}

test('lines of prose have at most 120 characters', () => {
  const long = PAGES.filter(page => !GENERATED.includes(page)).flatMap(page =>
    proseLines(read(page))
      .filter(({ line }) => [...line].length > MOST_COLUMNS && !isExempt(line))
      .map(({ number }) => `${page}:${number}`),
  )
  expect(long).toEqual([])
})

test('links lead to files and headings that exist', () => {
  const faults = PAGES.flatMap(page => {
    const text = proseLines(read(page))
      .map(({ line }) => line.replace(/`[^`]*`/g, ''))
      .join('\n')
    return [...text.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target]) => faultOf(page, target) ?? [])
  })
  expect(faults).toEqual([])
})

test('README is a page that is read in three minutes, with both commands near its top', () => {
  const text = read('README.md')
  const lines = text.split('\n')
  expect(lines.length).toBeLessThanOrEqual(README.lines)
  expect(text.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(README.words)
  const top = lines.slice(0, README.commandsWithin).join('\n')
  for (const command of ['npm run demo', 'npm test']) expect(top).toContain(command)
})

/** In the guide a control's label is bold; what ends with a full stop is not a label. */
test('controls that the guide names are in the window', () => {
  const window = tracked('src/renderer/*').filter(path => /\.tsx?$/.test(path))
  const code = window.map(read).join('\n')
  const labels = PAGES.filter(page => page.startsWith('docs/guide/')).flatMap(page =>
    [...read(page).matchAll(/\*\*([^*]+)\*\*/g)]
      .map(([, label]) => ({ page, label }))
      .filter(({ label }) => !/[`.]/.test(label)),
  )
  expect(labels.length).toBeGreaterThan(5)
  expect(labels.filter(({ label }) => !code.includes(label))).toEqual([])
})

test('ARCHITECTURE is one page', () => {
  expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(100)
})

test('the page of error codes is current (npm run docs writes it)', () => {
  expect(read(ERRORS_PAGE)).toBe(errorsPage())
})

test('pictures of the guide are small, and shown', () => {
  const pages = PAGES.map(read).join('\n')
  for (const picture of tracked('docs/*.png')) {
    expect(statSync(join(root, picture)).size, picture).toBeLessThan(PICTURE_BYTES)
    expect(pages, picture).toContain(picture.split('/').at(-1))
  }
})
