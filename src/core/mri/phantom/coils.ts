/**
 * Receive coils around the knee, and the maps of their sensitivity. Element c is a loop at r_c with radius w_c. Its
 * magnitude at distance d is the field at distance d on the axis of such a loop (Biot–Savart):
 *
 *   S_c(r) = g_c · (1 + |r − r_c|² / w_c²)^(−3/2) · exp(iφ_c(x, y))
 *
 * The magnitude is never zero, and the phase is a polynomial. The maps thus have no branch cut and no phase vortex.
 * A measured field has zeros beside a loop, where ESPIRiT's model of one map per coil would not hold.
 */
import { AppError } from '../../../contract/errors.ts'
import { MOST_COILS } from '../../../contract/studies.ts'
import { stream } from '../random.ts'
import type { Positions } from './grid.ts'
import type { Point } from './shapes.ts'

export interface CoilElement {
  /** Middle of the loop in millimetres of the scanner: x, y (towards the foot), z (anterior). */
  readonly centre: Point
  readonly radiusMm: number
  readonly strength: number
  /** Phase in radians over x/80 mm and y/140 mm: 1, x, x², y, y². */
  readonly phase: readonly number[]
  /** Standard deviation of the element's noise, relative to the mean element. */
  readonly noise: number
}

/** The turn from element to element by which any number of elements covers a cylinder evenly. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))
/** Half axes of the cylinder that carries the elements, across the leg, and its half length along the leg. */
const CYLINDER_MM = { x: 80, z: 74, y: 75 } as const

/** The elements of one patient's coil. Both acquisitions use the same coil. Σ|S_c|² is 1 in the scanner's middle. */
export function drawCoils(seed: number, patient: number, count: number): CoilElement[] {
  if (!Number.isInteger(count) || count < 2 || count > MOST_COILS)
    throw new AppError('INVALID_ARGUMENT', `Expected 2 to ${MOST_COILS} coils, got ${count}`)
  const random = stream(seed, 'phantom-coils', patient, count)
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  const turn = between(0, 2 * Math.PI)
  const elements = Array.from({ length: count }, (_, index) => {
    const angle = turn + index * GOLDEN_ANGLE + between(-0.15, 0.15)
    const along = (2 * index + 1) / count - 1
    return {
      centre: {
        x: CYLINDER_MM.x * Math.cos(angle),
        y: CYLINDER_MM.y * along + between(-6, 6),
        z: CYLINDER_MM.z * Math.sin(angle),
      },
      radiusMm: between(52, 64),
      strength: between(0.85, 1.15),
      phase: [Math.PI, 0.9, 0.35, 0.9, 0.35].map(size => between(-size, size)),
      noise: between(0.85, 1.15),
    }
  })
  const middle = { xs: Float64Array.of(0), ys: Float64Array.of(0), z: 0 }
  const power = elements.reduce((sum, element) => {
    const [re, im] = sensitivity(element, middle)
    return sum + re * re + im * im
  }, 0)
  return elements.map(element => ({ ...element, strength: element.strength / Math.sqrt(power) }))
}

/** S_c of one element, [ys, xs, 2]. */
export function sensitivity({ centre, radiusMm, strength, phase }: CoilElement, { xs, ys, z }: Positions) {
  const [constant, x1, x2, y1, y2] = phase
  const across = { turns: phasors(xs, 80, x1, x2), far: squaredRadii(xs, centre.x, radiusMm) }
  const along = { turns: phasors(ys, 140, y1, y2, constant), far: squaredRadii(ys, centre.y, radiusMm) }
  const deep = 1 + ((z - centre.z) / radiusMm) ** 2
  const map = new Float64Array(2 * ys.length * xs.length)
  for (let row = 0, i = 0; row < ys.length; row++) {
    const [re, im] = [along.turns[2 * row], along.turns[2 * row + 1]]
    for (let column = 0; column < xs.length; column++, i += 2) {
      const q = deep + along.far[row] + across.far[column]
      const magnitude = strength / (q * Math.sqrt(q))
      const [cos, sin] = [across.turns[2 * column], across.turns[2 * column + 1]]
      map[i] = magnitude * (re * cos - im * sin)
      map[i + 1] = magnitude * (re * sin + im * cos)
    }
  }
  return map
}

/** Maps of all elements with Σ|S_c|² = 1 at every sample, complex64 [elements, ys, xs, 2]. */
export function normalisedMaps(elements: readonly CoilElement[], positions: Positions): Float32Array {
  const { xs, ys } = positions
  const maps = elements.map(element => sensitivity(element, positions))
  const power = new Float64Array(xs.length * ys.length)
  for (const map of maps)
    for (let i = 0; i < power.length; i++) power[i] += map[2 * i] * map[2 * i] + map[2 * i + 1] * map[2 * i + 1]
  const normalised = new Float32Array(2 * power.length * maps.length)
  for (const [c, map] of maps.entries())
    for (let i = 0; i < map.length; i++) normalised[c * map.length + i] = map[i] / Math.sqrt(power[i >> 1])
  return normalised
}

/** exp(i(constant + first · t + second · t²)) at t = at/scaleMm, interleaved. */
function phasors(at: Float64Array, scaleMm: number, first: number, second: number, constant = 0): Float64Array {
  const values = new Float64Array(2 * at.length)
  for (let k = 0; k < at.length; k++) {
    const t = at[k] / scaleMm
    const angle = constant + t * (first + t * second)
    values[2 * k] = Math.cos(angle)
    values[2 * k + 1] = Math.sin(angle)
  }
  return values
}

const squaredRadii = (at: Float64Array, centre: number, radiusMm: number): Float64Array =>
  at.map(place => ((place - centre) / radiusMm) ** 2)
