/**
 * One coronal plane of a patient as signal on the fine grid. Solids are painted from the skin inwards.
 * Signal within a tissue follows its texture. Edges are softer where a slice of 3 mm would cut them obliquely.
 */
import { measureBones, paintBones } from './bones.ts'
import { paintJoint, paintLigaments } from './joint.ts'
import type { Patient } from './patient.ts'
import { layOut } from './plane.ts'
import { paintSoftTissue } from './soft-tissue.ts'
import type { Tissues } from './tissues.ts'

export interface PlaneSpec {
  readonly seed: number
  /** Number of the patient, which names the random streams of the textures. */
  readonly index: number
  readonly patient: Patient
  /** Distance from the middle of the scanner, anterior positive. */
  readonly depthMm: number
}

/** Signal of the plane relative to unsuppressed fat, [FINE_ROWS, FINE_COLUMNS]. */
export function renderPlane({ seed, index, patient, depthMm }: PlaneSpec, tissues: Tissues): Float32Array {
  const plane = layOut(seed, index, patient, depthMm)
  const bones = measureBones(plane)
  paintSoftTissue(plane, bones, tissues)
  paintJoint(plane, bones, tissues)
  paintBones(plane, bones, tissues)
  paintLigaments(plane, bones, tissues)
  return plane.signal
}
