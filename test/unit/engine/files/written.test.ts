/** The writing of results: which files are replaced, and which are refused by name. */
import {
  appendFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  choose,
  type Destination,
  inWorkshop,
  place,
  placeAt,
  placeUnderFreeName,
  requireFree,
  writeAll,
} from '../../../../src/engine/files/written.ts'

/** While `refused` is set, hard links fail, as on a FAT file system. */
const links = vi.hoisted(() => ({ refused: false }))
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  const link: typeof real.link = async (from, to) => {
    if (links.refused) throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
    return real.link(from, to)
  }
  return { ...real, link }
})

let folder: string
let out: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-written-'))
  out = join(folder, 'out')
})

afterEach(() => {
  links.refused = false
  rmSync(folder, { recursive: true, force: true })
})

const destination = (replaces: Destination['replaces'] = 'none', maker: Destination['maker'] = 'reconstruct') =>
  ({ folder: out, maker, replaces }) satisfies Destination

const bytes = (text: string) => new TextEncoder().encode(text)
const write = (text: string, to: Destination, name = 'a.h5') => writeAll(to, { [name]: bytes(text) })
const read = (name = 'a.h5') => readFileSync(join(out, name), 'utf8')
const visible = (at = out) => readdirSync(at).filter(name => !name.startsWith('.'))
const left = () => readdirSync(out).filter(name => name.startsWith('.') && name !== '.self-mri-written.jsonl')

/** Makes a folder of files, and moves the finished folder to its destination. */
const putFolder = (files: Readonly<Record<string, string>>, to: Destination) =>
  inWorkshop(out, async workshop => {
    const finished = join(workshop, 'result')
    mkdirSync(finished)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(finished, name), text)
    await place(finished, to, 'scan')
  })

const refusal = (...words: string[]) => ({
  code: 'FILE_EXISTS',
  message: expect.stringMatching(new RegExp(words.join('.*'), 's')),
})

describe('a name that is free', () => {
  it('is written into a new folder, and no partial file stays', async () => {
    expect(await write('first', destination())).toEqual([])
    expect([read(), visible(), left()]).toEqual(['first', ['a.h5'], []])
  })

  it('can be an empty folder, if a folder is written', async () => {
    mkdirSync(join(out, 'scan'), { recursive: true })
    await putFolder({ 'slice-001.dcm': 'one' }, destination())
    expect(read('scan/slice-001.dcm')).toBe('one')
  })
})

describe('a file that Self-MRI wrote', () => {
  beforeEach(() => write('first', destination()))

  it('is replaced and listed with --overwrite, and otherwise refused with the remedy', async () => {
    await expect(write('second', destination())).rejects.toMatchObject(
      refusal('a\\.h5', 'an earlier result of Self-MRI', 'another folder', '--overwrite'),
    )
    expect(read()).toBe('first')
    expect(await write('second', destination('all'))).toEqual([join(out, 'a.h5')])
    expect(await write('third', destination('all'))).toEqual([join(out, 'a.h5')])
    expect([read(), left()]).toEqual(['third', []])
  })

  it('is replaced by the same command, but not by another command', async () => {
    await write('page', destination('same maker', 'study'), 'index.html')
    await write('page 2', destination('same maker', 'study'), 'index.html')
    await expect(write('demo', destination('same maker', 'demo'), 'index.html')).rejects.toMatchObject(refusal('index'))
    expect(read('index.html')).toBe('page 2')
  })

  it('belongs to the user after a change, even with equal size and time', async () => {
    const { atime, mtime } = statSync(join(out, 'a.h5'))
    writeFileSync(join(out, 'a.h5'), 'FIRST')
    utimesSync(join(out, 'a.h5'), atime, mtime)
    for (const replaces of ['none', 'same maker', 'all'] as const)
      await expect(write('second', destination(replaces))).rejects.toMatchObject(
        refusal('a\\.h5, which Self-MRI did not write, or which was changed since'),
      )
    expect(read()).toBe('FIRST')
  })

  it('is still known after its folder was moved or copied', async () => {
    cpSync(out, join(folder, 'copy'), { recursive: true })
    out = join(folder, 'copy')
    expect(await write('second', destination('all'))).toEqual([join(out, 'a.h5')])
  })

  it('keeps the contents of another hard link to it', async () => {
    linkSync(join(out, 'a.h5'), join(folder, 'other.h5'))
    await write('second', destination('all'))
    expect(readFileSync(join(folder, 'other.h5'), 'utf8')).toBe('first')
  })

  it('is not a file of equal bytes under another name', async () => {
    writeFileSync(join(out, 'b.h5'), 'first')
    await expect(write('second', destination('all'), 'b.h5')).rejects.toMatchObject(refusal('b\\.h5'))
  })

  it('is known after a crash that truncated the last line of the record', async () => {
    appendFileSync(join(out, '.self-mri-written.jsonl'), '{"file":"b.h5","byt')
    await write('b', destination(), 'b.h5')
    expect(await write('second', destination('all'), 'a.h5')).toHaveLength(1)
    expect(await write('bb', destination('all'), 'b.h5')).toHaveLength(1)
  })
})

describe('a file of a user', () => {
  beforeEach(() => mkdirSync(out))

  it('is refused by name, with all other such files, and nothing is written', async () => {
    writeFileSync(join(out, 'a.h5'), 'raw')
    writeFileSync(join(out, 'c.h5'), 'raw')
    const files = { 'a.h5': bytes('1'), 'b.h5': bytes('2'), 'c.h5': bytes('3') }
    for (const replaces of ['none', 'all'] as const)
      await expect(writeAll(destination(replaces), files)).rejects.toMatchObject(
        refusal('2 files', 'out/a\\.h5', 'out/c\\.h5', 'Choose another folder or name, or move the files away\\.$'),
      )
    expect(readdirSync(out)).toEqual(['a.h5', 'c.h5'])
    expect([read('a.h5'), read('c.h5')]).toEqual(['raw', 'raw'])
  })

  it('can be a link, which is neither followed nor replaced', async () => {
    await write('first', destination())
    writeFileSync(join(folder, 'raw.h5'), 'raw')
    symlinkSync(join(folder, 'raw.h5'), join(out, 'link.h5'))
    symlinkSync(join(folder, 'nowhere'), join(out, 'dangling.h5'))
    symlinkSync(join(out, 'a.h5'), join(out, 'own.h5'))
    for (const name of ['link.h5', 'dangling.h5', 'own.h5'])
      await expect(write('x', destination('all'), name)).rejects.toMatchObject(refusal(name, 'which is a link'))
    expect(readFileSync(join(folder, 'raw.h5'), 'utf8')).toBe('raw')
    expect(read()).toBe('first')
  })

  it('can be an earlier result that a study now uses', async () => {
    await write('first', destination())
    const kept = async () => 'which is a file of the study “Knee”'
    await expect(requireFree(destination('all'), ['a.h5'], kept)).rejects.toMatchObject(refusal('the study “Knee”'))
  })

  it('can have the name of the record', async () => {
    for (const make of [
      (path: string) => writeFileSync(path, 'my notes'),
      (path: string) => symlinkSync(join(folder, 'raw.h5'), path),
    ]) {
      make(join(out, '.self-mri-written.jsonl'))
      await expect(write('x', destination('all'))).rejects.toMatchObject(refusal('\\.self-mri-written\\.jsonl'))
      expect(readdirSync(out)).toEqual(['.self-mri-written.jsonl'])
      rmSync(join(out, '.self-mri-written.jsonl'))
    }
    expect(visible(folder)).toEqual(['out'])
  })
})

describe('a folder of files', () => {
  beforeEach(() => putFolder({ 'slice-001.dcm': 'one', 'slice-002.dcm': 'two' }, destination()))

  it('is replaced as a whole if all its files are unchanged', async () => {
    await expect(putFolder({ 'slice-001.dcm': 'new' }, destination())).rejects.toMatchObject(refusal('out/scan'))
    await putFolder({ 'slice-001.dcm': 'new' }, destination('all'))
    expect([visible(join(out, 'scan')), read('scan/slice-001.dcm'), left()]).toEqual([['slice-001.dcm'], 'new', []])
  })

  it.each([
    ['a file that was changed', 'slice-002.dcm'],
    ['a file that was added', 'notes.txt'],
  ])('is the user’s with %s', async (_, name) => {
    writeFileSync(join(out, 'scan', name), 'mine')
    const before = readdirSync(join(out, 'scan'))
    await expect(putFolder({ 'slice-001.dcm': 'new' }, destination('all'))).rejects.toMatchObject(refusal(name))
    expect(readdirSync(join(out, 'scan'))).toEqual(before)
    expect(read(`scan/${name}`)).toBe('mine')
    expect(left()).toEqual([])
  })
})

describe.each([
  ['with hard links', false],
  ['without hard links', true],
])('a file that appears during the work, on a file system %s', (_, refused) => {
  beforeEach(() => {
    links.refused = refused
    mkdirSync(out)
  })

  it('stays, also with --overwrite', async () => {
    for (const replaces of ['none', 'all'] as const) {
      await requireFree(destination(replaces), ['a.h5'])
      await expect(
        inWorkshop(out, async workshop => {
          writeFileSync(join(workshop, 'result'), 'result')
          writeFileSync(join(out, 'a.h5'), 'mine')
          await place(join(workshop, 'result'), destination(replaces), 'a.h5')
        }),
      ).rejects.toMatchObject(refusal('a\\.h5'))
      expect([read(), left()]).toEqual(['mine', []])
      rmSync(join(out, 'a.h5'))
    }
  })

  it('stays if it appeared or changed after the user chose its path', async () => {
    const chosen = await choose(join(out, 'a.h5'), true)
    writeFileSync(join(folder, 'finished'), 'result')
    writeFileSync(join(out, 'a.h5'), 'mine')
    await expect(placeAt(join(folder, 'finished'), chosen)).rejects.toMatchObject(refusal('a\\.h5'))
    expect(read()).toBe('mine')
    const agreed = await choose(join(out, 'a.h5'), true)
    writeFileSync(join(out, 'a.h5'), 'mine, changed')
    await expect(placeAt(join(folder, 'finished'), agreed)).rejects.toMatchObject(refusal('a\\.h5'))
    expect(read()).toBe('mine, changed')
    await placeAt(join(folder, 'finished'), await choose(join(out, 'a.h5'), true))
    expect(read()).toBe('result')
  })

  it('does not block a file that takes any free name', async () => {
    for (const [text, name] of [
      ['one', 'a.h5'],
      ['two', 'a (2).h5'],
    ]) {
      writeFileSync(join(folder, 'finished'), text)
      const path = await placeUnderFreeName(join(folder, 'finished'), { folder: out, stem: 'a', ending: '.h5' })
      expect([path, readFileSync(path, 'utf8')]).toEqual([join(out, name), text])
    }
  })
})
