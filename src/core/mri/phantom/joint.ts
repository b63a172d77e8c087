/** The joint between and around the bone ends: capsule, fluid, menisci, cartilage, ligaments. */
import {
  ANTERIOR_CRUCIATE,
  type Band,
  bandBox,
  femoralCartilageMm,
  LIGAMENTS,
  meniscusDistance,
  tibialCartilageMm,
} from './anatomy.ts'
import type { Bones } from './bones.ts'
import { type Box, measure, measureOnce, mix, type Plane, paint, type Region, ridge, slantedSample } from './plane.ts'
import { ramp, tube } from './shapes.ts'
import type { Tissues } from './tissues.ts'

const JOINT: Box = { left: -52, right: 52, top: -44, bottom: 30 }

export function paintJoint(plane: Plane, bones: Bones, tissues: Tissues): void {
  const { patient, z, boneX: x, boneY: y } = plane
  const { fine, medium, lobules, patches, broad } = plane.textures
  const femur = bones.femur.distance
  const tibia = bones.tibia.distance
  const femoral = measure(plane, JOINT, i => femur[i] - femoralCartilageMm(patient, x[i], y[i], z))
  const tibial = measure(plane, JOINT, i => tibia[i] - tibialCartilageMm(patient, x[i], y[i], z))

  // The capsule leaves the bones some millimetres of room at the joint line, and none at its insertion.
  const fromJoint = (i: number) => Math.max(ramp(-14, -32, y[i]), ramp(4, 11, y[i]))
  const roomMm = 2 * ramp(-34, -12, z) + 1.2
  const capsule = measure(plane, JOINT, i => Math.min(femur[i], tibia[i]) - roomMm + (roomMm + 1) * fromJoint(i))
  paint(plane, capsule, 0.8, i => mix(plane.signal[i], tissues.tendon, 0.5), 0.4)
  paint(plane, capsule, 0.9, i => {
    const synovium = 0.35 * ramp(0, 1.5, patches[i]) + 0.4 * ridge(lobules[i], 0.15)
    return mix(tissues.hoffa * (1 + 0.05 * medium[i]), tissues.synovium, synovium)
  })
  const film = measureOnce(plane, JOINT, i => {
    const thickness = patient.fluidMm * (1 + 0.5 * lobules[i] + 0.3 * patches[i]) * (1 - fromJoint(i))
    return Math.max(Math.min(femoral.distance[i], tibial.distance[i]) - thickness, capsule.distance[i])
  })
  paint(plane, film, 0.6, i => tissues.fluid * (1 + 0.03 * broad[i]))

  const meniscus = measureOnce(plane, JOINT, i =>
    meniscusDistance(x[i] + 0.5 * patches[i], y[i], z + lobules[i], tibial.distance[i], femoral.distance[i]),
  )
  paint(plane, meniscus, 0.5 + 0.06 * Math.abs(z + 4), i =>
    mix(tissues.meniscus * (1 + 0.25 * medium[i] + 0.2 * fine[i]), tissues.synovium, 0.1 * ridge(patches[i], 0.3)),
  )
  const cartilage = (layer: Region, thicknessMm: number) =>
    paint(plane, layer, 0.6, i => {
      const deep = ramp(0, -thicknessMm, layer.distance[i]) // deep cartilage is darker than its surface
      return tissues.cartilage * (1 - 0.16 * deep + 0.05 * medium[i] + 0.05 * broad[i] + 0.04 * fine[i])
    })
  cartilage(tibial, patient.tibialCartilageMm)
  cartilage(femoral, patient.femoralCartilageMm)
}

export function paintLigaments(plane: Plane, bones: Bones, tissues: Tissues): void {
  const { fine, fibres } = plane.textures
  for (const band of LIGAMENTS) {
    const region = measureBand(plane, bones, band)
    if (region) paint(plane, region, 0.6, i => tissues.tendon * (1 + 0.25 * fibres[i] + 0.1 * fine[i]))
  }
  const cruciate = measureBand(plane, bones, ANTERIOR_CRUCIATE)
  if (!cruciate) return
  paint(plane, cruciate, 0.9, i => {
    // Bundles with fluid and fat between them.
    const between = ridge(slantedSample(fibres, i, -0.7 * plane.patient.side), 0.3)
    return mix(tissues.cruciate * (1 + 0.15 * fine[i]), tissues.synovium, 0.5 * between)
  })
}

function measureBand(plane: Plane, { femur, tibia, fibula }: Bones, band: Band): Region | null {
  const { z, boneX: x, boneY: y } = plane
  const box = bandBox(band, z)
  if (!box) return null
  return measureOnce(plane, box, i => {
    const outsideBone = -Math.min(femur.distance[i], tibia.distance[i], fibula.distance[i]) - 0.3
    return Math.max(tube(x[i], y[i], z, band.path, band.radiusMm, band.flatness), outsideBone)
  })
}
