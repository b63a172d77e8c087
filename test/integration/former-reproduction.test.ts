/** A profile of version 349f561 with a finished reproduction: the same command computes nothing again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ReproductionReport, type ReproductionRow } from '../../src/contract/reproduction.ts'
import { unpackReproducedProfile } from '../old-profile.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Names of the command that makes a reproduction. */
const COMMANDS = ['study', 'reproduce']
const ARGUMENTS = ['--study', 'Brains', '--scale', 'demonstration', '--methods', 'rotnet', '--headline']
const PROGRAM = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let folder: string
let old: ReturnType<typeof unpackReproducedProfile>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-former-reproduction-'))
  old = unpackReproducedProfile(folder)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function run(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, INIT_CWD: folder, SELF_MRI_PROFILE: old.profile },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
    if (/\(\d+ of \d+.*\) …$/m.test(err)) child.kill() // stops at the first training, which takes minutes
  })
  const [status] = await once(child, 'close')
  return { status, out, err }
}

async function json(...args: string[]) {
  const { status, out, err } = await run(...args, '--json')
  expect(status, err).toBe(0)
  return JSON.parse(out)
}

/** The trainings and scores in the profile. */
function computed() {
  const db = new Database(join(old.profile, 'self-mri.sqlite'), { readonly: true })
  const rows = (table: string, columns: string) => db.prepare(`SELECT ${columns} FROM ${table} ORDER BY 1, 2`).all()
  const found = {
    runs: rows('runs', 'id, status, config, finished_at'),
    epochs: rows('epochs', '*'),
    checkpoints: rows('checkpoints', 'run_id, role, epoch, sha256'),
    evaluations: rows('evaluations', 'id, run_id, checkpoint'),
    reproductions: rows('reproductions', 'id, request, status'),
  }
  db.close()
  return found
}

const reportIn = (out: string) => ReproductionReport.parse(JSON.parse(readFileSync(join(out, 'study.json'), 'utf8')))

/**
 * Omits the identity, which named the sizes of files in the old version, and names contents now. Omits devices, which
 * the old version named without threads.
 */
const asBefore = ({ identity, device, ...row }: ReproductionRow) => {
  const bare = (training: ReproductionRow['training']) => training && { ...training, trainedOn: undefined }
  return { ...row, pretraining: bare(row.pretraining), training: bare(row.training) }
}

it('its runs, its own recipe, and every file are there', async () => {
  const listed = (await json('runs')) as { id: string; kind: string; status: string; parent: string | null }[]
  expect(listed.map(({ id, kind, status, parent }) => [id, kind, status, parent])).toEqual([
    ['1', 'pretrain', 'finished', null],
    ['2', 'finetune', 'finished', '1'],
    ['3', 'train', 'finished', null],
    ['4', 'train', 'finished', null],
    ['5', 'pretrain', 'finished', null],
    ['6', 'finetune', 'finished', '5'],
  ])
  const own = await json('recipes', 'show', 'own/1')
  expect(own).toMatchObject({ name: 'Small sub-sample again', method: 'subsample-again', training: { epochs: 1 } })
  expect((await json('runs', '1')).config).toMatchObject({ networkConfig: own.networkConfig, recipe: own.training })
  expect((await json('profile', 'check')).faults).toEqual([])
})

describe.each(COMMANDS)('%s with its arguments', command => {
  it.each(['report', 'new report'])('trains and scores nothing, into the folder "%s"', async name => {
    const [before, written] = [computed(), reportIn(old.report)]
    expect(written.rows.length).toBeGreaterThan(0)
    const out = join(folder, name)
    const report = ReproductionReport.parse(await json(command, ...ARGUMENTS, '--out', out))
    expect(computed()).toEqual(before)
    expect(report).toMatchObject({ complete: true, failures: [], createdAt: written.createdAt })
    const { rows, gains } = reportIn(out)
    expect(rows.map(asBefore)).toEqual(written.rows.map(asBefore))
    const threads = /, CPU, \d+ threads?$/
    expect(rows.filter(({ device }) => device !== undefined && !threads.test(device))).toEqual([])
    expect(gains).toEqual(written.gains)
  })
})
