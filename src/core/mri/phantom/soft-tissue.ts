/** Skin, subcutaneous fat with its septa and veins, fascia, muscles, and the vessels between them. */
import { bandBox, fasciaDistance, fatMm, MUSCLES, type Muscle, muscleDistance, VESSELS } from './anatomy.ts'
import type { Bones } from './bones.ts'
import { EVERYWHERE, measure, measureOnce, mix, type Plane, paint, type Region, ridge, slantedSample } from './plane.ts'
import { ramp, tube } from './shapes.ts'
import type { Tissues } from './tissues.ts'

export function paintSoftTissue(plane: Plane, bones: Bones, tissues: Tissues): void {
  const fascia = paintFat(plane, tissues)
  MUSCLES.forEach((muscle, place) => {
    paintMuscle(plane, muscle, tissues.muscle * plane.patient.muscleSignal[place], fascia, tissues)
  })
  paintVessels(plane, bones, tissues)
}

/** Fills the leg with fat, also inside the fascia. Returns the region of the fascia. */
function paintFat(plane: Plane, tissues: Tissues): Region {
  const { patient, z, softX: x, softY: y } = plane
  const { fine, medium, lobules, septa, patches, broad, bendX } = plane.textures
  const fascia = measure(plane, EVERYWHERE, i => fasciaDistance(patient, x[i], y[i], z))
  const thickness = measure(plane, EVERYWHERE, i => fatMm(patient, x[i], y[i])).distance
  const skin = measureOnce(plane, EVERYWHERE, i => fascia.distance[i] - thickness[i])
  paint(plane, skin, 0.7, i => tissues.skin * (1 + 0.08 * medium[i]))
  const fat = (i: number) => {
    const uneven = 0.035 * fine[i] + 0.05 * medium[i] + 0.03 * lobules[i] + tissues.fatVariation * broad[i]
    const strands =
      0.42 * ridge(septa[i], 0.12) * ramp(-0.6, 1.6, patches[i]) + 0.3 * ridge(lobules[i], 0.07) * ramp(0, 2, -bendX[i])
    return mix(tissues.fat * (1 + uneven), tissues.fascia, patient.septa * strands)
  }
  paint(plane, skin, 0.8, fat, -1.5)

  /** 0 at the fascia, 1 at the skin. */
  const depth = (i: number) => fascia.distance[i] / thickness[i]
  paintVeins(plane, depth, tissues)
  const superficialFascia = measureOnce(
    plane,
    EVERYWHERE,
    i => Math.abs(depth(i) - 0.45 - 0.1 * patches[i]) * patient.fatMm - 0.22,
  )
  paint(plane, superficialFascia, 0.5, i => mix(plane.signal[i], tissues.fascia, 0.55 * ramp(-0.6, 0.8, broad[i])))
  const deepFascia = measureOnce(plane, EVERYWHERE, i => Math.abs(fascia.distance[i]) - 0.35)
  paint(plane, deepFascia, 0.5, i => mix(plane.signal[i], tissues.fascia, 0.75))
  return fascia
}

function paintVeins(plane: Plane, depthInFat: (i: number) => number, tissues: Tissues): void {
  const { patient, z, softY: y } = plane
  for (const vein of patient.veins) {
    const away = z - vein.z
    if (Math.abs(away) > 7) continue
    const box = vein.lateral ? { ...EVERYWHERE, left: 30 } : { ...EVERYWHERE, right: -30 }
    const region = measureOnce(plane, box, i => {
      const winding = vein.depth + 0.18 * Math.sin(y[i] / 17 + vein.phase)
      const across = (depthInFat(i) - winding) * patient.fatMm
      const along = away - 5 * Math.sin(y[i] / 23 + 2 * vein.phase)
      return Math.sqrt(across * across + along * along) - vein.radiusMm
    })
    paint(plane, region, 0.5, () => tissues.vesselWall, 0.4)
    paint(plane, region, 0.5, () => tissues.slowBlood)
  }
}

/** `flesh` is the muscle's mean signal. */
function paintMuscle(plane: Plane, muscle: Muscle, flesh: number, fascia: Region, tissues: Tissues): void {
  const { patient, z, softX: x, softY: y } = plane
  const { fine, lobules, patches, broad, fibres, fascicles } = plane.textures
  const { centre, radii, slope } = muscle
  if (Math.abs(z - centre.z) > radii[2] * patient.muscleBulk + 2) return
  const halfWidth = radii[0] * 1.25 + Math.abs(slope) * radii[1]
  const box = {
    left: centre.x - halfWidth,
    right: centre.x + halfWidth,
    top: centre.y - radii[1],
    bottom: centre.y + radii[1],
  }
  const belly = measureOnce(plane, box, i => {
    const ragged = 0.5 * lobules[i] + 0.9 * patches[i]
    return Math.max(muscleDistance(muscle, patient.muscleBulk, x[i], y[i], z) + ragged, fascia.distance[i] + 0.9)
  })
  paint(plane, belly, 0.7, i => mix(plane.signal[i], tissues.fascia, 0.45), 0.35)
  const softMm = 0.8 + 1.6 * Math.abs((z - centre.z) / radii[2])
  paint(plane, belly, softMm, i => {
    const bundle = slantedSample(fascicles, i, slope * patient.side)
    const fibre = slantedSample(fibres, i, slope * patient.side)
    const fattyStreak = ridge(bundle - 0.9, 0.13) * ramp(-1.2, 1.2, patches[i])
    const uneven = 0.055 * fibre + 0.05 * bundle + 0.05 * broad[i] + 0.03 * fine[i]
    return mix(flesh * (1 + uneven), tissues.fat, 0.55 * patient.fattyMuscle * fattyStreak)
  })
}

function paintVessels(plane: Plane, { femur, tibia }: Bones, tissues: Tissues): void {
  const { z, softX: x, softY: y } = plane
  for (const vessel of VESSELS) {
    const box = bandBox(vessel, z)
    if (!box) continue
    const region = measureOnce(plane, box, i => {
      const insideBone = 1 - Math.min(femur.distance[i], tibia.distance[i])
      return Math.max(tube(x[i], y[i], z, vessel.path, vessel.radiusMm, vessel.flatness), insideBone)
    })
    paint(plane, region, 0.5, () => tissues.vesselWall, 0.6)
    paint(plane, region, 0.7, i => tissues[vessel.blood] * (1 + 0.04 * plane.textures.medium[i]))
  }
}
