import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { flagsInWords, flagsOf } from '../../../../src/contract/crimes.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { checkVolumes } from '../../../../src/services/studies/contents/ready.ts'
import { scanAgain } from '../../../../src/services/studies/contents/rescan.ts'
import { importStudy, setAcknowledged, studyById } from '../../../../src/services/studies/studies.ts'
import { writeObject } from '../../engine/files/noise-file.ts'

const DEMONSTRATION = join(import.meta.dirname, '../../../../resources/demonstration')

let folder: string
let services: Services
let id: number
const study = () => studyById(services.profile, id)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-flags-'))
  mkdirSync(join(folder, 'files'))
  await writeObject(join(folder, 'files'), 'raw')
  await writeObject(join(folder, 'files'), 'filled', { seed: 2, isFilled: true })
  services = openServices({ profile: join(folder, 'profile') })
  const request = { paths: [join(folder, 'files')], name: 'Two', slices: { kind: 'all' }, splitSeed: 0 } as const
  id = (await importStudy(services, request)).id
  await checkVolumes(services, study(), study().volumes)
})
afterAll(async () => {
  await services.close()
  rmSync(folder, { recursive: true })
})

const flags = () => Object.fromEntries(study().volumes.map(({ file, content }) => [file, flagsOf(content?.crimes)]))

it('flags a zero-filled volume when its file is read, and not a raw one', () => {
  expect(flags()).toEqual({ 'raw.h5': [], 'filled.h5': ['outerToMidEnergy'] })
  expect(flagsInWords(study().volumes)).toBe('1 of 2 volumes may not be raw: zero-filled or filtered (1).')
})

it('keeps an acknowledgement over a scan, and takes it back', async () => {
  setAcknowledged(services.profile, id, true)
  expect(flagsInWords(study().volumes)).toBeNull()
  await scanAgain(services, id)
  expect(flagsInWords(study().volumes)).toBeNull()
  expect(flags()['filled.h5']).toEqual(['outerToMidEnergy'])
  setAcknowledged(services.profile, id, false)
  expect(flagsInWords(study().volumes)).not.toBeNull()
})

it('examines files on a scan that an older program read', async () => {
  const { db } = services.profile
  for (const table of ['volumes', 'contents'])
    db.prepare(`UPDATE ${table} SET info = json_remove(info, '$.content.crimes')`).run()
  await services.close()
  services = openServices({ profile: join(folder, 'profile') })
  expect(study().volumes.map(({ content }) => content?.crimes)).toEqual([undefined, undefined])
  await scanAgain(services, id)
  expect(flags()['filled.h5']).toEqual(['outerToMidEnergy'])
})

it('finds nothing against the demonstration', async () => {
  const files = readdirSync(DEMONSTRATION).filter(name => name.endsWith('.h5'))
  expect(files.length).toBeGreaterThan(7)
  for (const name of files) {
    const volume = await openVolume(join(DEMONSTRATION, name), '')
    expect([name, flagsOf(volume.info.content?.crimes)]).toEqual([name, []])
    volume.dispose()
  }
})
