/** Checks the documents: short lines, working links, a README of one page, current generated pages. */
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

/** Pages that the program writes, with one line per paragraph. */
const GENERATED = [ERRORS_PAGE, ...['docs/study.md', 'docs/synthetic-knee/study.md', 'docs/networks-brain/study.md']]

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const tracked = (pattern: string) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(path => path && existsSync(join(root, path)))

const PAGES = tracked('*.md')

/** The lines of a page with their numbers, without code blocks. */
function proseLines(text: string): { line: string; number: number }[] {
  let code = false
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) code = !code
    return code || /^\s*```/.test(line) ? [] : [{ line, number: index + 1 }]
  })
}

/** A row of a table cannot be wrapped, and neither can a line with only a link or picture. */
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

/** The fault of a link, or null. */
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

test('README is short enough for three minutes, with both commands near the top', () => {
  const text = read('README.md')
  const lines = text.split('\n')
  expect(lines.length).toBeLessThanOrEqual(README.lines)
  expect(text.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(README.words)
  const top = lines.slice(0, README.commandsWithin).join('\n')
  for (const command of ['npm run demo', 'npm test']) expect(top).toContain(command)
})

/** Labels of controls are bold in the guide. A bold text that ends with a full stop is no label. */
test('the window has every control that the guide names', () => {
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
