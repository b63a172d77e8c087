/** Assigns roles by patient, so that no patient is in training and test. */
import type { Role } from '../../contract/volumes.ts'
import { stream } from '../../core/mri/random.ts'

export const FRACTIONS: Readonly<Record<Role, number>> = { train: 0.7, val: 0.15, test: 0.15 }

/**
 * Numbers of patients for training, validation and test. Of three or more patients, each role has at least one.
 * Of two patients, one trains and one tests. A single patient is tested.
 */
function quotas(count: number): Record<Role, number> {
  if (count < 3) return { train: count === 2 ? 1 : 0, val: 0, test: Math.min(count, 1) }
  const val = Math.max(1, Math.round(count * FRACTIONS.val))
  const test = Math.max(1, Math.round(count * FRACTIONS.test))
  return { train: count - val - test, val, test }
}

/**
 * Assigns a role to every volume. A given role stays, and applies to the patient's other volumes too. The other
 * patients are shuffled by `seed`, starting from the order of their first files, so that the split does not depend on
 * the profile's salt.
 */
export function assignRoles<V extends { readonly patient: string; readonly role: Role | null }>(
  volumes: readonly V[],
  seed: number,
): (V & { role: Role })[] {
  const given = new Map<string, Role>()
  for (const { patient, role } of volumes) if (role && !given.has(patient)) given.set(patient, role)
  const open = [...new Set(volumes.map(volume => volume.patient))].filter(patient => !given.has(patient))
  const shuffled = stream(seed, 'split')
    .shuffle(open.length)
    .map(place => open[place])
  const { val, test } = quotas(open.length)
  for (const [i, patient] of shuffled.entries()) {
    given.set(patient, i < test ? 'test' : i < test + val ? 'val' : 'train')
  }
  return volumes.map(volume => ({ ...volume, role: volume.role ?? given.get(volume.patient)! }))
}
