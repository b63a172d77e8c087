import { describe, expect, it } from 'vitest'
import { ROLES, type Role, selectSlices, selectsAny } from '../../../../src/contract/volumes.ts'
import { sharedPatientRemarks } from '../../../../src/services/studies/remarks.ts'
import { assignRoles } from '../../../../src/services/studies/split.ts'
import { noiseVolume } from '../../../volumes.ts'

const volumes = (patients: number, roles: Record<string, Role> = {}) =>
  Array.from({ length: patients }, (_, i) => [`p${i}`, `p${i}`])
    .flat()
    .map((patient, i) => ({ file: `f${i}`, patient, role: roles[`f${i}`] ?? null }))

const rolesOf = (list: { patient: string; role: Role }[]) => {
  const roles = new Map<string, Set<Role>>()
  for (const { patient, role } of list) roles.set(patient, (roles.get(patient) ?? new Set()).add(role))
  return roles
}

describe('split', () => {
  it.each([3, 4, 7, 20, 97])('of %i patients never divides a patient, and gives each role at least one', patients => {
    const assigned = assignRoles(volumes(patients), 1)
    for (const roles of rolesOf(assigned).values()) expect(roles.size).toBe(1)
    for (const role of ROLES) expect(assigned.some(volume => volume.role === role)).toBe(true)
    expect(assigned.filter(volume => volume.role === 'train').length).toBeGreaterThanOrEqual(assigned.length / 3)
  })

  it('is equal for equal seeds, and differs for different seeds', () => {
    const roles = (seed: number) =>
      assignRoles(volumes(20), seed)
        .map(volume => volume.role)
        .join()
    expect(roles(1)).toBe(roles(1))
    expect(roles(1)).not.toBe(roles(2))
  })

  it('keeps given roles, and gives all volumes of a patient one role', () => {
    const assigned = assignRoles(volumes(5, { f0: 'test', f9: 'val' }), 1)
    expect(assigned[0].role).toBe('test')
    expect(assigned[1].role).toBe('test')
    expect(assigned[8].role).toBe('val')
  })

  it('of one patient has a test only, and of two patients one for training', () => {
    expect(new Set(assignRoles(volumes(1), 0).map(volume => volume.role))).toEqual(new Set(['test']))
    expect(new Set(assignRoles(volumes(2), 0).map(volume => volume.role))).toEqual(new Set(['train', 'test']))
  })
})

describe('one patient id in many files', () => {
  const of = (patients: readonly string[], roles: Record<string, Role> = {}) =>
    assignRoles(
      patients.map((patient, i) => ({ ...noiseVolume(`f${i}`).info, patient, role: roles[`f${i}.h5`] ?? null })),
      0,
    )
  const many = (count: number, patient = 'anonymous') => Array.from({ length: count }, () => patient)

  it('is reported, with the consequence and the remedy', () => {
    expect(sharedPatientRemarks(of(many(4)))).toEqual([
      '4 of 4 volumes have one patient id. They count as one patient’s and all have the role test. ' +
        'An anonymous export may write one id for several patients. If so, write each patient’s own id ' +
        'into the attribute patient_id of the files, and import the files again.',
    ])
    expect(sharedPatientRemarks(of([...many(5), 'b', 'c']))).toEqual([expect.stringMatching(/^5 of 7 volumes have/)])
    expect(sharedPatientRemarks(of(many(3), { 'f0.h5': 'train', 'f1.h5': 'val', 'f2.h5': 'test' }))).toEqual([
      expect.stringContaining('one patient’s and may have one role only'),
    ])
  })

  it('is not reported if a split is possible, or if the files are few enough for one patient', () => {
    for (const patients of [many(2), ['a', 'a', 'b', 'b', 'c', 'c'], [...many(3), 'a', 'b', 'c'], ['a', 'b', 'c'], []])
      expect(sharedPatientRemarks(of(patients))).toEqual([])
  })
})

describe('slice selection', () => {
  it.each([
    [{ kind: 'all' }, 4, [0, 1, 2, 3]],
    [{ kind: 'range', from: 1, to: 2 }, 4, [1, 2]],
    [{ kind: 'range', from: 2, to: 9 }, 4, [2, 3]],
    [{ kind: 'every', n: 3 }, 7, [0, 3, 6]],
    [{ kind: 'middle' }, 35, [17]],
    [{ kind: 'middle' }, 4, [2]],
    [{ kind: 'range', from: 9, to: 12 }, 4, []],
    [{ kind: 'all' }, 0, []],
    [{ kind: 'middle' }, 0, []],
  ] as const)('%j of %i slices', (selection, count, expected) => {
    expect(selectSlices(selection, count)).toEqual(expected)
    expect(selectsAny(selection, count)).toBe(expected.length > 0)
  })
})
