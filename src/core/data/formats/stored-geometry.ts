/**
 * The dataset `image_geometry` of a fastMRI file: `Geometry` as JSON text. fastMRI's own files do not have it, and
 * their ISMRMRD header does not say where the slices lie. Self-MRI writes it when it exports k-space.
 */
import { orientationOf } from '../../../contract/directions.ts'
import { Geometry } from '../../../contract/volumes.ts'
import { agreesWith, isOrthonormal } from '../../mri/geometry.ts'

export const GEOMETRY_DATASET = 'image_geometry'

interface Stated {
  readonly geometry: Geometry | null
  /** Why the dataset is not used, in words with a remedy. */
  readonly remarks: readonly string[]
}

const refused = (what: string): Stated => ({
  geometry: null,
  remarks: [`The dataset ${GEOMETRY_DATASET} is not used: ${what}. Export the k-space again, or delete the dataset.`],
})

/** @param orientation the attribute `patient_orientation`, which must name the same axes. */
export function readGeometry(
  text: string | null,
  slices: number,
  orientation: readonly [string, string] | null,
): Stated {
  if (text === null) return { geometry: null, remarks: [] }
  const geometry = Geometry.safeParse(parsed(text)).data
  if (!geometry) return refused('it is not the JSON text of right, down and origins')
  if (!isOrthonormal(geometry)) return refused('right and down are not perpendicular unit vectors')
  if (geometry.origins.length !== slices)
    return refused(`it places ${geometry.origins.length} slices, and k-space has ${slices}`)
  if (orientation && !agreesWith(geometry, orientation))
    return refused(
      `it says ${orientationOf(geometry).join('\\')}, and patient_orientation says ${orientation.join('\\')}`,
    )
  return { geometry, remarks: [] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
