/** Only the store of runs may write the tables of runs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const SOURCE = new URL('../../../../src/', import.meta.url).pathname

const TABLES = 'runs|run_volumes|run_patients|epochs|checkpoints|states'
const WRITES = new RegExp(
  `\\b(?:INSERT(?: OR \\w+)? INTO|REPLACE INTO|UPDATE(?: OR \\w+)?|DELETE FROM)\\s+(?:${TABLES})\\b`,
  'i',
)

/** Files of the program that write these tables. Migrations are SQL files, and may change every table. */
const writers = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter(path => /[.](?:ts|tsx)$/.test(path) && WRITES.test(readFileSync(join(SOURCE, path), 'utf8')))
  .sort()

it('only the store writes runs, their volumes and patients, epochs, checkpoints and states', () => {
  expect(writers).toEqual(['services/runs/store-training.ts', 'services/runs/store.ts'])
})

it('a write is found in every spelling of the statement', () => {
  for (const sql of [
    'INSERT OR REPLACE INTO states (',
    'UPDATE runs SET',
    "delete from checkpoints WHERE role = 'last'",
  ])
    expect(sql).toMatch(WRITES)
  expect('SELECT COUNT(*) FROM runs').not.toMatch(WRITES)
})
