/** Femur, tibia and fibula: a dark shell of compact bone around marrow with trabeculae and the growth plate's scar. */
import { femurCortexMm, femurDistance, fibulaDistance, tibiaCortexMm, tibiaDistance } from './anatomy.ts'
import { EVERYWHERE, measure, measureOnce, mix, type Plane, paint, type Region, ridge } from './plane.ts'
import { ellipsoid, ramp } from './shapes.ts'
import type { Tissues } from './tissues.ts'

export interface Bones {
  readonly femur: Region
  readonly tibia: Region
  readonly fibula: Region
}

export function measureBones(plane: Plane): Bones {
  const { patient, z, boneX: x, boneY: y } = plane
  return {
    femur: measure(plane, { ...EVERYWHERE, left: -52, right: 52, bottom: 14 }, i =>
      femurDistance(patient, x[i], y[i], z),
    ),
    tibia: measure(plane, { ...EVERYWHERE, left: -56, right: 56, top: -16 }, i =>
      tibiaDistance(patient, x[i], y[i], z),
    ),
    fibula: measure(plane, { left: 20, right: 52, top: 4, bottom: 200 }, i => fibulaDistance(x[i], y[i], z)),
  }
}

export function paintBones(plane: Plane, bones: Bones, tissues: Tissues): void {
  const cortexMm = plane.patient.cortexMm
  paintBone(plane, bones.femur, tissues, {
    cortexMm: y => femurCortexMm(plane.patient, y),
    growthPlateY: -28,
    metaphysis: y => ramp(-24, -45, y),
  })
  paintBone(plane, bones.tibia, tissues, {
    cortexMm: y => tibiaCortexMm(plane.patient, y),
    growthPlateY: 19,
    metaphysis: y => ramp(18, 36, y),
  })
  paintBone(plane, bones.fibula, tissues, {
    cortexMm: y => cortexMm * (0.5 + 1.1 * ramp(30, 50, y)),
    growthPlateY: 32,
    metaphysis: y => ramp(30, 45, y),
  })
}

interface BoneSpec {
  readonly cortexMm: (y: number) => number
  readonly growthPlateY: number
  /** 1 where red marrow stays longest, 0 in the epiphysis. */
  readonly metaphysis: (y: number) => number
}

function paintBone(plane: Plane, bone: Region, tissues: Tissues, spec: BoneSpec): void {
  const { patient, boneX: x, boneY: y } = plane
  const { fine, trabecular, medium, lobules, patches, broad } = plane.textures
  const marrow = (i: number) => {
    const spongy =
      0.06 * trabecular[i] + 0.035 * medium[i] + 0.03 * fine[i] + tissues.fatVariation * broad[i] + 0.02 * lobules[i]
    const red = patient.redMarrow * spec.metaphysis(y[i]) * ramp(-0.4, 1.4, patches[i] + 0.5 * lobules[i])
    const beyondPlate = y[i] - spec.growthPlateY - 1.1 * lobules[i] - 1.5 * patches[i] + 0.004 * x[i] * x[i]
    const scar = patient.growthPlate * ridge(beyondPlate, 0.6)
    const healthy = (1 + spongy) * mix(tissues.marrow, tissues.redMarrow, 0.55 * red)
    return mix(mix(healthy, tissues.cortex, 0.6 * scar), tissues.oedema * (1 + spongy), lesionShare(plane, i))
  }
  paint(plane, bone, 0.55, i => tissues.cortex * (1 + 0.2 * medium[i]))
  const inner = measureOnce(
    plane,
    bone.box,
    i => bone.distance[i] + (bone.distance[i] < 0 ? spec.cortexMm(y[i]) * (1 + 0.15 * lobules[i]) : 1),
  )
  paint(plane, inner, 0.7, marrow)
}

/** Share of oedema in the marrow, 0 without a lesion. */
function lesionShare({ patient, z, boneX, boneY, textures }: Plane, i: number): number {
  const lesion = patient.lesion
  if (!lesion) return 0
  const { x, y, radiusMm } = lesion
  const distance = ellipsoid(boneX[i] - x, boneY[i] - y, z - lesion.z, radiusMm, radiusMm * 0.8, radiusMm)
  return 0.8 * ramp(1.5, -4.5, distance + 1.5 * textures.lobules[i])
}
