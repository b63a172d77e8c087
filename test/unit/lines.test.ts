/** Lines of source have at most 120 characters. Documents have a test of their own: `docs.test.ts`. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const MOST_COLUMNS = 120
const SOURCE =
  /^(?:src|test|scripts|examples)\/.*\.(?:tsx?|mjs|cjs|css|sql|grit|py|sh|cc|h)$|^[^/]+\.(?:ts|cjs|jsonc)$|^\.ci\/run$/

/** Each with the reason why its lines cannot be wrapped. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'test/fixtures/': 'scripts stay as they were when they made the data',
  'src/services/profile/db/migrations/': 'a migration that has landed is never edited',
}

/** A string literal or an address that has no space within the limit cannot be broken. */
const isUnbreakable = (line: string) =>
  !line
    .trimStart()
    .slice(0, MOST_COLUMNS - 20)
    .includes(' ')

test('lines of source have at most 120 characters', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(path => SOURCE.test(path) && existsSync(join(root, path)))
    .filter(path => !Object.keys(EXCEPTIONS).some(start => path.startsWith(start)))
  expect(files.length).toBeGreaterThan(600)
  const long = files.flatMap(path =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((line, i) => ([...line].length > MOST_COLUMNS && !isUnbreakable(line) ? [`${path}:${i + 1}`] : [])),
  )
  expect(long).toEqual([])
})
