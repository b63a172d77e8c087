/** Classical sources by name, and named settings. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FrameSource } from '../../../../src/contract/images.ts'
import { NamedSettings } from '../../../../src/contract/tuning.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { databasePath } from '../../../../src/services/profile/db/index.ts'
import {
  classicalNamed,
  namedSettings,
  saveSettings,
  setSettingsHidden,
} from '../../../../src/services/viewing/classical.ts'

let directory: string
let services: Services

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'self-mri-classical-'))
  services = openServices({ profile: directory })
})

afterEach(() => {
  services.dispose()
  rmSync(directory, { recursive: true, force: true })
})

const save = (name: string, config: unknown = {}, classical: 'cg-sense' | 'l1-wavelet' = 'cg-sense') =>
  saveSettings(services.profile, { classical, name, config })
const named = (source: string) => classicalNamed(services.profile, source)
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })

describe('named settings', () => {
  it('are complete, and are kept for the next start', () => {
    const saved = save('  Little regularisation ', { lambda: 0.001 })
    expect(saved).toMatchObject({ id: 1, classical: 'cg-sense', name: 'Little regularisation', tuning: null })
    expect(saved.config).toEqual({ iterations: 30, lambda: 0.001, maps: 'automatic', virtualCoils: 0 })
    expect(NamedSettings.parse(saved)).toEqual(saved)
    services.dispose()
    services = openServices({ profile: directory })
    expect(namedSettings(services.profile)).toEqual([saved])
  })

  it('are saved although another program writes at the same moment', () => {
    const { db } = services.profile
    const other = new Database(databasePath(directory), { timeout: 0 })
    const write = () => other.prepare("INSERT INTO tuning_scores VALUES ('k', '{}')").run()
    let refusedOther = ''
    const prepare = db.prepare.bind(db)
    const spy = vi.spyOn(db, 'prepare').mockImplementation(sql => {
      if (sql.includes('INSERT INTO classical_settings'))
        try {
          write()
        } catch (error) {
          refusedOther = String((error as { code?: string }).code)
        }
      return prepare(sql)
    })
    expect(save('Mine').name).toBe('Mine')
    spy.mockRestore()
    expect(refusedOther).toBe('SQLITE_BUSY') // it waits for this program, instead of spoiling its transaction
    write()
    other.close()
  })

  it('that are equal, with one name, are found again', () => {
    const { id } = save('A', { virtualCoils: 4, lambda: 0.02 })
    expect(save('A', { lambda: 0.02, virtualCoils: 4 }).id).toBe(id)
    expect(save('B', { lambda: 0.02, virtualCoils: 4 }).id).not.toBe(id)
    expect(save('A', { lambda: 0.03, virtualCoils: 4 }).id).not.toBe(id)
    expect(save('A', {}, 'l1-wavelet').id).not.toBe(save('A', {}).id)
  })

  it('can be hidden and shown. Hidden settings are sources still, and saving them again shows them', () => {
    const { id } = save('A')
    setSettingsHidden(services.profile, id, true)
    expect(namedSettings(services.profile)).toEqual([])
    expect(named(`cg-sense:${id}`)).toMatchObject({ classical: 'cg-sense' })
    setSettingsHidden(services.profile, id, false)
    expect(namedSettings(services.profile)).toHaveLength(1)
    setSettingsHidden(services.profile, id, true)
    expect(save('A').id).toBe(id)
    expect(namedSettings(services.profile)).toHaveLength(1)
    expect(() => setSettingsHidden(services.profile, 9, true)).toThrow(refused(/got 9\. There are cg-sense:1 \(A\)/))
  })

  it('out of range, unknown, or without a name are refused, and nothing is stored', () => {
    expect(() => save('A', { lambda: 2 })).toThrow(refused(/CG-SENSE takes, got lambda: /))
    expect(() => save('A', { levels: 2 })).toThrow(refused(/levels/))
    expect(() => save('  ')).toThrow(refused(/name: /))
    expect(namedSettings(services.profile)).toEqual([])
  })
})

describe('a source', () => {
  it('without a number has the default settings, with a number the named settings', () => {
    expect(named('cg-sense')).toEqual({
      classical: 'cg-sense',
      config: { iterations: 30, lambda: 0.01, maps: 'automatic', virtualCoils: 0 },
    })
    const { id } = save('A', { lambda: 0.5, maps: 'walsh' })
    expect(named(`cg-sense:${id}`)).toEqual({
      classical: 'cg-sense',
      config: { iterations: 30, lambda: 0.5, maps: 'walsh', virtualCoils: 0 },
    })
    expect(FrameSource.safeParse(`cg-sense:${id}`).success).toBe(true)
    for (const other of ['zero-filled', 'truth', 'run:3', '3', 'cg-sense:', 'cg-sense:x', 'grappa'])
      expect(named(other), other).toBeNull()
  })

  it('with a number that the method does not have is refused, with the settings that there are', () => {
    expect(() => named('cg-sense:1')).toThrow(refused(/got cg-sense:1\. There are none yet\. .*classical save/))
    save('A')
    save('B', {}, 'l1-wavelet')
    expect(() => named('cg-sense:2')).toThrow(refused(/got cg-sense:2\. There are cg-sense:1 \(A\)\.$/))
  })
})
