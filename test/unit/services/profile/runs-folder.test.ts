/** The folder of all runs, which may lie on another disk than the database. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { databaseCaution } from '../../../../src/services/profile/file-systems.ts'
import { runDirectory } from '../../../../src/services/profile/paths.ts'
import { requireRuns } from '../../../../src/services/profile/runs-folder.ts'
import { findRun } from '../../../../src/services/runs/runs.ts'
import { recordCheckpoint } from '../../../../src/services/runs/store-training.ts'
import { addRun } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let folder: string
let profile: string
let shared: string
let services: Services | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-runs-folder-'))
  profile = join(folder, 'profile')
  shared = join(folder, 'shared')
})

afterEach(() => {
  services?.dispose()
  services = null
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function open(runs?: string, options: { readonly readOnly?: boolean; readonly at?: string } = {}): Services {
  services?.dispose()
  services = null
  services = openServices({ profile: options.at ?? profile, runs, readOnly: options.readOnly })
  return services
}

/** Adds a finished run with a checkpoint file in its folder. */
function addTrained({ profile: opened }: Services): string {
  const run = addRun(opened, addStudy(opened, 's', []).id)
  const path = join(runDirectory(opened, run), 'last-0002.safetensors')
  mkdirSync(runDirectory(opened, run), { recursive: true })
  writeFileSync(path, 'weights')
  recordCheckpoint(opened, run, { role: 'last', epoch: 2, step: 4, path: `${run}/last-0002.safetensors`, sha256: 'x' })
  return run
}

it('runs are in the profile if no folder was chosen', () => {
  expect(open().profile.runs).toBe(join(profile, 'runs'))
})

it('a chosen folder is stored, so that later commands find the runs there', () => {
  const run = addTrained(open(shared))
  expect(existsSync(join(shared, run, 'last-0002.safetensors'))).toBe(true)
  expect(existsSync(join(profile, 'runs'))).toBe(false)
  expect(findRun(open().profile, run).checkpoint?.path).toBe(join(shared, run, 'last-0002.safetensors'))
  expect(open(undefined, { readOnly: true }).profile.runs).toBe(shared)
})

it('the variable SELF_MRI_RUNS chooses the folder, and the option wins', () => {
  vi.stubEnv('SELF_MRI_RUNS', shared)
  expect(open().profile.runs).toBe(shared)
  expect(open(join(folder, 'other')).profile.runs).toBe(join(folder, 'other'))
})

it('another folder is refused until the runs are there, and the message says what to move where', () => {
  const run = addTrained(open())
  expect(() => open(shared)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`run ${run}. Move them there: mv ${join(profile, 'runs/*')} ${shared}`),
    }),
  )
  expect(open().profile.runs).toBe(join(profile, 'runs')) // the refused folder was not stored
  renameSync(join(profile, 'runs'), shared)
  expect(findRun(open(shared).profile, run).checkpoint?.path).toBe(join(shared, run, 'last-0002.safetensors'))
})

it('another folder is refused during a training', () => {
  const { profile: opened } = open()
  addRun(opened, addStudy(opened, 's', []).id, { status: 'running', host: 'n3' })
  expect(() => open(shared)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }))
})

it('the folder of another profile is refused, because its runs have equal numbers', () => {
  addTrained(open(shared))
  expect(() => open(shared, { at: join(folder, 'second') })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('the runs of another profile') }),
  )
})

it('a profile that was copied with its runs finds them in the new place', () => {
  const run = addTrained(open(join(profile, 'all')))
  open().dispose()
  const copy = join(folder, 'copy')
  cpSync(profile, copy, { recursive: true })
  expect(findRun(open(undefined, { at: copy }).profile, run).checkpoint?.path).toContain(join(copy, 'all', run))
})

it('a training is refused if the disk of the folder is not mounted', () => {
  const { profile: opened } = open(shared)
  requireRuns(opened)
  renameSync(shared, `${shared}-away`)
  const refused = expect.objectContaining({
    code: 'FILE_UNREADABLE',
    message: expect.stringMatching(`${shared}. Mount its disk`),
  })
  const study = addStudy(opened, 's', []).id
  expect(() => addRun(opened, study)).toThrow(refused)
  mkdirSync(shared) // the mount point without its disk
  expect(() => addRun(opened, study)).toThrow(refused)
  expect(existsSync(join(shared, '1'))).toBe(false)
  open() // lists work without the folder
})

it('a database on a network disk gets a caution', () => {
  const types = { NFS: 0x6969, Lustre: 0x0bd00bd0, GPFS: 0x47504653, BeeGFS: 0x19830326 }
  for (const [name, type] of Object.entries(types))
    expect(databaseCaution('/lab', () => type)).toContain(`on ${name}: /lab`)
  for (const type of [0xfe534d42, 0xff534d42, 0xff534d42 | 0])
    expect(databaseCaution('/lab', () => type)).toContain('SMB')
  expect(databaseCaution('/home', () => 0xef53)).toBeNull()
  expect(databaseCaution(join(folder, 'missing'))).toBeNull()
})
