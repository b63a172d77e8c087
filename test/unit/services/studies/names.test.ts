import { describe, expect, it } from 'vitest'
import { chosenByNumberOrName, nameOfFolder, requireUsableName } from '../../../../src/services/studies/names.ts'

const all = [
  { id: 1, name: 'knees' },
  { id: 2, name: '3' },
  { id: 3, name: 'brains' },
  { id: 4, name: 'number:1' },
  { id: 5, name: '5' },
]
const chosen = (which: string) => chosenByNumberOrName(which, all)?.id

describe('a study by number or name', () => {
  it.each([
    ['knees', 1],
    ['1', 1],
    ['2', 2],
    ['number:3', 3],
    ['name:3', 2],
    ['name:number:1', 4],
    ['5', 5], // Name and number belong to one study.
    ['6', undefined],
    ['Knees', undefined],
    ['number:6', undefined],
  ])('%s is study %s', (which, id) => {
    expect(chosen(which)).toBe(id)
  })

  it.each([
    ['3', ['study 2, "3" (write number:2)', 'study 3, "brains" (write number:3)']],
    ['number:1', ['study 1, "knees" (write 1)', 'study 4, "number:1" (write number:4)']],
  ])('%s is refused where it means two, with what to write for each', (which, ways) => {
    const refused = expect(() => chosen(which))
    refused.toThrow(expect.objectContaining({ code: 'AMBIGUOUS' }))
    for (const way of ways) expect(() => chosen(which)).toThrow(way)
    for (const way of ways) expect(chosen(/write ([^)]+)/.exec(way)![1])).toBe(Number(/study (\d)/.exec(way)![1]))
  })
})

describe('a new study’s name', () => {
  it.each(['22', ' 7', '007', 'number:2', 'name:x', '', ' '])('may not be "%s"', name => {
    expect(() => requireUsableName(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each(['22 knees', '2a', '-2', '1.5', 'patients/2'])('may be "%s"', name => {
    expect(() => requireUsableName(name)).not.toThrow()
  })

  it.each([
    ['/data/knees', 'knees'],
    ['/data/patients/2', 'patients/2'],
    ['/2', 'study/2'],
    ['/data/1/2', '1/2'],
  ])('of %s is %s', (path, name) => {
    expect(nameOfFolder(path)).toBe(name)
    requireUsableName(name)
  })
})
