/** Draws the properties that differ from knee to knee, once per patient. */
import { stream } from '../random.ts'
import { MUSCLES } from './anatomy.ts'
import type { Patient } from './patient.ts'

export function drawPatient(seed: number, patient: number): Patient {
  const random = stream(seed, 'phantom-patient', patient)
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  const chance = (probability: number) => random.uniform() < probability
  const effusion = chance(0.25)
  const lesionPresent = chance(0.25)
  const lesion = {
    x: (chance(0.5) ? 1 : -1) * between(12, 28),
    y: chance(0.5) ? between(-28, -8) : between(9, 20),
    z: between(-18, 10),
    radiusMm: between(5, 11),
  }
  return {
    side: chance(0.5) ? 1 : -1,
    size: between(0.88, 1.1),
    aspect: between(0.95, 1.05),
    rotation: between(-0.09, 0.09),
    shiftXMm: between(-4, 4),
    shiftYMm: between(-8, 8),
    shiftZMm: between(-3, 3),
    alignment: between(-0.05, 0.05),
    fatMm: between(4, 15),
    muscleBulk: between(0.85, 1.15),
    femoralCartilageMm: between(1.7, 2.7),
    tibialCartilageMm: between(1.7, 2.8),
    medialWear: chance(0.3) ? between(0.2, 0.8) : 0,
    notchWidth: between(0.85, 1.15),
    condyleWidth: between(0.94, 1.06),
    spineMm: between(4.5, 8),
    cortexMm: between(0.8, 1.25),
    fluidMm: effusion ? between(1.2, 3.5) : between(0.25, 0.7),
    growthPlate: between(0.1, 0.75),
    redMarrow: chance(0.5) ? between(0.3, 1) : between(0, 0.25),
    fattyMuscle: between(0.15, 0.8),
    septa: between(0.4, 1),
    lesion: lesionPresent ? lesion : null,
    muscleSignal: MUSCLES.map(() => 1 + 0.07 * random.normal()),
    veins: Array.from({ length: 5 }, () => ({
      lateral: chance(0.35),
      depth: between(0.15, 0.75),
      z: between(-36, 28),
      radiusMm: between(0.6, 1.4),
      phase: between(0, 6.28),
    })),
    suppression: between(0.1, 0.15),
  }
}
