/**
 * The solids of the knee in millimetres of a mean knee: x lateral, y towards the foot (joint line at 0), z anterior.
 * They are solids, so a coronal plane shows the anatomy of its depth: one trochlea in front, two condyles and a notch
 * in the middle, two separate condyles behind. Sizes follow adult morphometry (bicondylar width near 78 mm, condyles
 * near 60 mm deep, cartilage 2 mm).
 */
import type { Patient } from './patient.ts'
import { condyloid, ellipse, ellipsoid, join, logistic, meet, type Point, ramp, tube } from './shapes.ts'

/** Middle of the medial (−) and lateral (+) compartment. */
export const COMPARTMENT_X = 21

export function notchDistance(patient: Patient, x: number, y: number, z: number): number {
  return ellipsoid(x, y + 2, z + 18, 9.8 * patient.notchWidth, 20, 25)
}

export function femurDistance(patient: Patient, x: number, y: number, z: number): number {
  const flare = logistic(y, -42, 6.5)
  const body = ellipse(x, z - 3 + 2 * flare, 13.5 + 24.5 * flare, 15 + 6 * flare)
  if (y < -75) return body
  const trunk = meet(body, y + 15 + 0.012 * x * x, 5)
  const width = 17.6 * patient.condyleWidth
  const medial = condyloid(x + COMPARTMENT_X, y + 19.5, z + 8, width, 17.2, 30)
  const lateral = condyloid(x - COMPARTMENT_X - 0.5, y + 19.5, z + 5, width * 0.97, 16.8, 31)
  const trochlea = ellipsoid(x, y + 22, z - 6, 26, 15, 17)
  const solid = join(join(trunk, join(medial, lateral, 3), 7), trochlea, 5)
  return meet(solid, -notchDistance(patient, x, y, z), 2)
}

/** Height of the tibial plateau: two shallow dishes with two spines between them, lower towards the back. */
function plateauY(patient: Patient, x: number, z: number): number {
  const dish = Math.max(0, 1 - ((Math.abs(x) - COMPARTMENT_X) / 13) ** 2)
  const depth = Math.exp(-(((z + 3) / 10) ** 2))
  const medialSpine = Math.exp(-(((x + 4.8) / 2.7) ** 2)) * patient.spineMm
  const lateralSpine = Math.exp(-(((x - 5.2) / 2.9) ** 2)) * patient.spineMm * 0.85
  const between = Math.exp(-((x / 7) ** 2)) * 2
  return 2.6 + (x < 0 ? 0.9 : 0.3) * dish - depth * (medialSpine + lateralSpine) + between - 0.1 * (z + 5)
}

export function tibiaDistance(patient: Patient, xImage: number, y: number, z: number): number {
  const x = xImage - patient.alignment * y
  const taper = 1 - logistic(y, 22, 7.5)
  const body = ellipse(x, z - 1 + 5 * taper, 13 + 27 * taper, 15 + 11 * taper)
  if (y > 75) return body
  const tuberosity = ellipsoid(x - 2, y - 38, z - 19, 9, 17, 8)
  return meet(join(body, tuberosity, 6), 0.94 * (plateauY(patient, x, z) - y), 3.5)
}

export function fibulaDistance(x: number, y: number, z: number): number {
  const head = ellipsoid(x - 35, y - 25, z + 19, 8.2, 10.5, 9.5)
  const shaft = tube(x, y, z, FIBULA_SHAFT, 5.2)
  return join(head, shaft, 7)
}
const FIBULA_SHAFT: readonly Point[] = [
  { x: 35.5, y: 28, z: -19 },
  { x: 38, y: 85, z: -20 },
  { x: 35, y: 190, z: -18 },
]

/** Thickness of compact bone: thick around the shafts, thin around the spongy ends. */
export function femurCortexMm(patient: Patient, y: number): number {
  return patient.cortexMm * (0.55 + 2.1 * ramp(-42, -80, y))
}
export function tibiaCortexMm(patient: Patient, y: number): number {
  return patient.cortexMm * (0.55 + 2.3 * ramp(28, 70, y))
}

/** Cartilage thickness at the femur's surface: where the femur bears load or meets the patella, not in the notch. */
export function femoralCartilageMm(patient: Patient, x: number, y: number, z: number): number {
  const beside = Math.abs(Math.abs(x) - COMPARTMENT_X)
  const condyle = 1 - ramp(14, 17.5, beside)
  const trochlea = ramp(4, 12, z) * (1 - ramp(30, 36, Math.abs(x)))
  const where = Math.max(condyle, trochlea) * ramp(-21, -12, y) * ramp(0.3, 2.5, notchDistance(patient, x, y, z))
  const worn = x < 0 ? 1 - patient.medialWear * Math.exp(-((beside / 7) ** 2)) : 1
  return patient.femoralCartilageMm * where * worn
}

export function tibialCartilageMm(patient: Patient, x: number, y: number, z: number): number {
  const beside = Math.abs(Math.abs(x) - COMPARTMENT_X)
  const fromRim = Math.hypot(x / 40, (z + 4) / 26) // 1 at the rim of the plateau
  const where = ramp(6, 9.5, Math.abs(x)) * (1 - ramp(0.74, 0.9, fromRim)) * (1 - ramp(6, 10, y))
  const worn = x < 0 ? 1 - patient.medialWear * Math.exp(-((beside / 7) ** 2)) : 1
  return patient.tibialCartilageMm * where * worn * (1 - 0.3 * (beside / 16) ** 2)
}

/**
 * A C with a wedge-shaped section, open towards the notch, lying on the tibial cartilage. The meniscus fills the gap
 * between both cartilages from the rim inwards. `aboveTibia` and `aboveFemur`: distances to the two cartilages.
 */
export function meniscusDistance(x: number, y: number, z: number, aboveTibia: number, aboveFemur: number): number {
  const outwards = Math.abs(x) - COMPARTMENT_X
  const depth = (z + 4) * 0.78
  const radius = Math.sqrt(outwards * outwards + depth * depth)
  const rise = Math.max(0, 0.6 * (radius - 6) - 0.6 * Math.max(0, 9 - Math.abs(x)))
  const wedge = aboveTibia - 0.1 - rise
  const below = y - 4.3 + 0.1 * (z + 5)
  const opening = Math.abs(depth) < 9 ? -outwards : -20
  return Math.max(wedge, 0.2 - aboveFemur, 0.1 - aboveTibia, 6 - radius, radius - 15.6, opening, below)
}

/** Distance to the fascia of the leg, an ellipse in the axial plane. */
export function fasciaDistance(patient: Patient, x: number, y: number, z: number): number {
  const thigh = (9 + 8 * (patient.muscleBulk - 1)) * logistic(-y, 40, 13)
  const calf = 3.5 * patient.muscleBulk * logistic(y, 62, 12)
  return ellipse(x + 1 - 0.02 * y, z + 4, 45.5 + thigh + calf, 47 + thigh + calf)
}

/** Thickness of subcutaneous fat, larger on the medial side. */
export function fatMm(patient: Patient, x: number, y: number): number {
  const medial = ramp(20, -20, x)
  return patient.fatMm * (0.75 + 0.5 * medial) * (1 + 0.25 * logistic(-y, 20, 20) - 0.15 * logistic(y, 30, 15))
}

export interface Muscle {
  readonly centre: Point
  readonly radii: readonly [number, number, number]
  /** Slope of the fibres in the coronal plane, mm per mm. */
  readonly slope: number
}

/**
 * Vasti; hamstrings, sartorius and gracilis; gastrocnemius, popliteus, soleus;
 * tibialis anterior, extensors, peronei.
 */
export const MUSCLES: readonly Muscle[] = [
  { centre: { x: -36, y: -80, z: 4 }, radii: [19, 66, 36], slope: -0.12 },
  { centre: { x: 40, y: -92, z: 4 }, radii: [19, 66, 32], slope: 0.12 },
  { centre: { x: 0, y: -95, z: 28 }, radii: [34, 62, 15], slope: 0 },
  { centre: { x: 37, y: -78, z: -30 }, radii: [12, 82, 17], slope: 0.03 },
  { centre: { x: -22, y: -80, z: -33 }, radii: [16, 74, 17], slope: -0.05 },
  { centre: { x: -47, y: -36, z: -20 }, radii: [5.5, 82, 10], slope: 0.02 },
  { centre: { x: -41, y: -70, z: -34 }, radii: [6, 74, 8], slope: 0.02 },
  { centre: { x: -21, y: 42, z: -42 }, radii: [18, 70, 18], slope: 0.06 },
  { centre: { x: 20, y: 42, z: -41 }, radii: [16, 66, 17], slope: -0.04 },
  { centre: { x: 3, y: 44, z: -26 }, radii: [25, 34, 9], slope: -0.35 },
  { centre: { x: 6, y: 112, z: -28 }, radii: [32, 80, 19], slope: 0 },
  { centre: { x: 29, y: 82, z: 8 }, radii: [15, 70, 19], slope: -0.04 },
  { centre: { x: 42, y: 80, z: 0 }, radii: [9, 68, 17], slope: -0.04 },
  { centre: { x: 46, y: 86, z: -16 }, radii: [8, 66, 14], slope: -0.02 },
  { centre: { x: -27, y: 92, z: -14 }, radii: [15, 70, 17], slope: 0.05 },
  { centre: { x: 14, y: 96, z: -12 }, radii: [14, 62, 13], slope: 0 },
]

export function muscleDistance(muscle: Muscle, bulk: number, x: number, y: number, z: number): number {
  const { centre, radii, slope } = muscle
  const across = x - centre.x - slope * (y - centre.y)
  return ellipsoid(across, y - centre.y, z - centre.z, radii[0] * bulk, radii[1], radii[2] * bulk)
}

/** A tube along a path. Its section is `flatness` times as deep (z) as wide. */
export interface Band {
  readonly path: readonly Point[]
  readonly radiusMm: number
  readonly flatness: number
}

/** From the lateral wall of the notch (behind) to between the spines (in front). Fibre bundles give some signal. */
export const ANTERIOR_CRUCIATE: Band = {
  path: points([9, -20, -17], [3, -9, -6], [-3, 2, 6]),
  radiusMm: 3.6,
  flatness: 1.3,
}

/**
 * The bands without signal: posterior cruciate, medial and lateral collateral ligament, iliotibial band; tendons of
 * popliteus, biceps, semimembranosus, the pes anserinus and the patella.
 */
export const LIGAMENTS: readonly Band[] = [
  { path: points([-7, -14, 0], [-4, -10, -14], [1, 6, -29]), radiusMm: 4.3, flatness: 1.2 },
  {
    path: points([-37.5, -27, -4], [-40.3, -18, -3], [-40.8, -4, -2], [-40.5, 9, -1], [-34, 28, 2], [-22, 52, 6]),
    radiusMm: 0.95,
    flatness: 6,
  },
  { path: points([37.5, -25, -6], [40.5, -19, -8], [41.5, -8, -10], [39, 17, -19]), radiusMm: 1.9, flatness: 1.6 },
  { path: points([50, -150, 4], [47, -70, 8], [43.5, -20, 12], [36, 13, 16]), radiusMm: 1.15, flatness: 7 },
  { path: points([39.5, -11, -11], [37, -2, -18], [22, 14, -29]), radiusMm: 2.2, flatness: 1.3 },
  { path: points([40, -60, -30], [41, -20, -25], [38, 18, -21]), radiusMm: 2.3, flatness: 1.5 },
  { path: points([-30, -60, -34], [-31, -20, -34], [-30, 8, -26]), radiusMm: 2.8, flatness: 1.2 },
  { path: points([-38, -120, -38], [-40, -20, -34], [-39, 25, -20], [-24, 56, 4]), radiusMm: 1.5, flatness: 1.5 },
  { path: points([0, -50, 38], [0, 0, 36], [2, 38, 26]), radiusMm: 10, flatness: 0.3 },
]

/** Popliteal artery (fast blood) and vein, and the four geniculate vessels. */
export const VESSELS: readonly (Band & { readonly blood: 'fastBlood' | 'slowBlood' })[] = [
  {
    path: points([-3, -160, -24], [1, -50, -29], [3, 10, -33], [2, 60, -29], [0, 160, -25]),
    radiusMm: 3,
    flatness: 1,
    blood: 'fastBlood',
  },
  {
    path: points([3, -160, -30], [8, -50, -35], [8, 20, -38], [6, 70, -33], [4, 160, -27]),
    radiusMm: 3.7,
    flatness: 1,
    blood: 'slowBlood',
  },
  {
    path: points([2, -32, -31], [-20, -36, -20], [-37, -38, 0], [-41, -34, 16]),
    radiusMm: 0.9,
    flatness: 1,
    blood: 'slowBlood',
  },
  {
    path: points([2, -30, -31], [22, -36, -20], [37, -37, 0], [41, -32, 16]),
    radiusMm: 0.9,
    flatness: 1,
    blood: 'slowBlood',
  },
  {
    path: points([2, 10, -33], [-24, 24, -22], [-38, 25, -4], [-35, 20, 16]),
    radiusMm: 1,
    flatness: 1,
    blood: 'slowBlood',
  },
  { path: points([2, 8, -33], [30, 6, -22], [43, 3, -4], [40, 6, 16]), radiusMm: 0.9, flatness: 1, blood: 'fastBlood' },
]

function points(...coordinates: readonly (readonly [number, number, number])[]): Point[] {
  return coordinates.map(([x, y, z]) => ({ x, y, z }))
}

/** Box of a band in the plane at depth `z`; `null` if the band does not reach the plane. */
export function bandBox({ path, radiusMm, flatness }: Band, z: number) {
  const margin = radiusMm + 1
  const depth = margin * flatness
  const xs = path.map(point => point.x)
  const ys = path.map(point => point.y)
  const zs = path.map(point => point.z)
  if (z < Math.min(...zs) - depth || z > Math.max(...zs) + depth) return null
  return {
    left: Math.min(...xs) - margin,
    right: Math.max(...xs) + margin,
    top: Math.min(...ys) - margin,
    bottom: Math.max(...ys) + margin,
  }
}
