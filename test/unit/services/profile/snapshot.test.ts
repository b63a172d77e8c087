/** Reading a profile writes nothing, and works while another program writes. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { databaseError } from '../../../../src/services/profile/db/errors.ts'
import { openDatabase } from '../../../../src/services/profile/db/index.ts'
import { onceThereIsRoom } from '../../../../src/services/profile/room.ts'
import { ownRecipes } from '../../../../src/services/runs/recipes.ts'
import { listRuns } from '../../../../src/services/runs/runs.ts'
import { importStudy, listStudies } from '../../../../src/services/studies/studies.ts'
import { asAnybody } from '../../../anybody.ts'
import { fakeEngines } from '../../../engines.ts'
import { unpackOldProfile } from '../../../old-profile.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-snapshot-'))
  chmodSync(folder, 0o755)
})
afterEach(() => {
  chmodSync(folder, 0o755)
  if (existsSync(join(folder, 'profile'))) chmodSync(join(folder, 'profile'), 0o755)
  rmSync(folder, { recursive: true, force: true })
})

/** Names, bytes and modification times of all files in a profile. */
function stateOf(path: string): unknown {
  if (!statSync(path).isDirectory())
    return [statSync(path, { bigint: true }).mtimeNs, readFileSync(path).toString('base64')]
  return readdirSync(path)
    .sort()
    .map(name => [name, stateOf(join(path, name))])
}

function reading<T>(profile: string, read: (services: Services) => T): T {
  const services = openServices({ profile, readOnly: true, patience: 50 })
  try {
    return read(services)
  } finally {
    services.dispose()
  }
}

const lists = (services: Services) => [
  listStudies(services.profile).length,
  listRuns(services.profile).length,
  ownRecipes(services.profile).length,
]

const sqlite = (profile: string) => join(profile, 'self-mri.sqlite')

describe('reading a profile', () => {
  it('that does not exist gives empty lists, and makes no profile', () => {
    const profile = join(folder, 'nowhere/profile')
    expect(reading(profile, lists)).toEqual([0, 0, 0])
    expect(readdirSync(folder)).toEqual([])
    expect(reading('/proc/nowhere', lists)).toEqual([0, 0, 0])
  })

  it('of an older version gives the present form, and does not change the profile', () => {
    const { profile } = unpackOldProfile(folder)
    const db = new Database(sqlite(profile))
    // The run's process does not exist, and the profile has no salt.
    db.exec("UPDATE runs SET status = 'running' WHERE id = 4; DELETE FROM settings")
    db.close()
    const before = stateOf(profile)
    expect(reading(profile, lists)).toEqual([3, 4, 0])
    expect(reading(profile, services => listRuns(services.profile).at(-1)!.status)).toBe('interrupted')
    expect(stateOf(profile)).toEqual(before)
  })

  it('prevents a command from writing by mistake', () => {
    const { profile } = unpackOldProfile(folder)
    const write = () => reading(profile, services => services.profile.db.exec("INSERT INTO settings VALUES ('a', 'b')"))
    expect(write).toThrow(expect.objectContaining({ code: 'SQLITE_READONLY' }))
  })

  it('finds what another program has just written, while the program holds the lock for its next write', () => {
    const { profile } = unpackOldProfile(folder)
    const other = openDatabase(profile)
    other.exec(
      `UPDATE studies SET name = 'Renamed' WHERE id = 1;
        BEGIN IMMEDIATE; UPDATE studies SET name = 'Not yet' WHERE id = 2`,
    )
    const before = readFileSync(sqlite(profile))
    expect(reading(profile, services => listStudies(services.profile).map(({ name }) => name))).toEqual([
      'Renamed',
      'Brain, 0.055 T (demonstration)',
      'Uploaded',
    ])
    expect(readFileSync(sqlite(profile)).equals(before)).toBe(true)
    other.exec('ROLLBACK; BEGIN EXCLUSIVE')
    expect(reading(profile, lists)).toEqual([3, 4, 0])
    other.close()
  })

  it('that another program holds exclusively is refused with a message', () => {
    const { profile } = unpackOldProfile(folder)
    openDatabase(profile).close()
    const other = new Database(sqlite(profile))
    other.pragma('locking_mode = EXCLUSIVE')
    other.exec("INSERT INTO settings VALUES ('a', 'b')")
    const refusal = expect.objectContaining({
      code: 'DATABASE_BUSY',
      message: expect.stringMatching(/Another program holds the database.*self-mri\.sqlite.*Try again when/),
    })
    expect(() => reading(profile, lists)).toThrow(refusal)
    expect(() => openServices({ profile, patience: 50 })).toThrow(refusal)
    other.close()
    expect(reading(profile, lists)).toEqual([3, 4, 0])
  })

  it.each([
    ['that was closed', false],
    ['of a program that was killed as it wrote', true],
  ])('in a folder that cannot be written, %s, lists what it has', (_, killed) => {
    const { profile } = unpackOldProfile(folder)
    const other = openDatabase(profile)
    other.exec("UPDATE studies SET name = 'Renamed' WHERE id = 1")
    if (killed) {
      // A killed program leaves its latest rows in the -wal file, beside the database.
      for (const ending of ['', '-wal']) copyFileSync(sqlite(profile) + ending, join(folder, `kept${ending}`))
      other.close()
      for (const ending of ['', '-wal']) copyFileSync(join(folder, `kept${ending}`), sqlite(profile) + ending)
    } else {
      other.close()
    }
    for (const name of readdirSync(profile)) if (name.startsWith('self-mri')) chmodSync(join(profile, name), 0o444)
    chmodSync(profile, 0o555)
    const before = stateOf(profile)
    asAnybody(() => {
      expect(() => openServices({ profile, patience: 50 })).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(DATABASE|FILE_UNREADABLE)$/) }),
      )
      expect(reading(profile, services => listStudies(services.profile)[0].name)).toBe('Renamed')
    })
    expect(stateOf(profile)).toEqual(before)
  })

  it('that is damaged is refused, and the message names the copy beside it', () => {
    const { profile } = unpackOldProfile(folder)
    openDatabase(profile).close()
    const bytes = readFileSync(sqlite(profile))
    bytes.fill(0xab, bytes.length / 2, bytes.length / 2 + 8192)
    writeFileSync(sqlite(profile), bytes)
    expect(() => reading(profile, lists)).toThrow(
      expect.objectContaining({
        code: 'DATABASE',
        message: expect.stringMatching(/intact.*before-0005 in this folder/),
      }),
    )
  })
})

describe('two programs', () => {
  const scan = { volumes: [], skipped: [] }

  it('that import a study of one name at once: the second gets the message that the name is taken', async () => {
    const { profile } = unpackOldProfile(folder)
    const services = openServices({ profile })
    const volume = listStudies(services.profile)[0].volumes[0]
    const interactive = {
      // The other program takes the name during the scan of this program.
      call: async () => {
        services.profile.db.exec("UPDATE studies SET name = 'New' WHERE id = 2")
        return { ...scan, volumes: [{ ...volume, role: null }] }
      },
    }
    const racing = { ...services, engines: fakeEngines({ interactive }) }
    const request = { paths: [folder], name: 'New', slices: { kind: 'all' as const }, splitSeed: 0 }
    await expect(importStudy(racing, request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Expected a new study’s name, got "New", which exists already. Choose another name.',
    })
    services.dispose()
  })
})

describe('an error of SQLite', () => {
  it.each([
    ['SQLITE_BUSY', 'DATABASE_BUSY'],
    ['SQLITE_BUSY_SNAPSHOT', 'DATABASE_BUSY'],
    ['SQLITE_LOCKED', 'DATABASE_BUSY'],
    ['SQLITE_FULL', 'DISK_FULL'],
    ['SQLITE_READONLY_DIRECTORY', 'DATABASE'],
    ['SQLITE_IOERR_WRITE', 'DATABASE'],
    ['SQLITE_CORRUPT', 'DATABASE'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'DATABASE'],
  ])('as %s is told in words, as %s', (code, told) => {
    const error = Object.assign(new Error('as SQLite says it'), { code })
    expect(databaseError(error)).toMatchObject({ code: told, cause: error })
  })

  it('that is a fault of the program is reported as such', () => {
    const faults = [new Error('x'), Object.assign(new Error('x'), { code: 'SQLITE_ERROR' }), 'text', null]
    expect(faults.map(fault => databaseError(fault))).toEqual(faults)
  })
})

it('the result of a long task waits for a database that another program holds, and a message says so', async () => {
  const { profile } = unpackOldProfile(folder)
  const services = openServices({ profile })
  services.profile.db.pragma('busy_timeout = 0')
  const other = new Database(sqlite(profile))
  other.exec('BEGIN IMMEDIATE')
  const said: (string | null)[] = []
  const rename = () => services.profile.db.prepare("UPDATE studies SET name = 'Renamed' WHERE id = 1").run().changes
  const written = onceThereIsRoom(rename, undefined, words => said.push(words))
  expect(said).toEqual(['waiting for the database, which another program holds'])
  other.exec('ROLLBACK')
  expect(await written).toBe(1)
  expect(said.at(-1)).toBeNull()
  other.close()
  services.dispose()
})
