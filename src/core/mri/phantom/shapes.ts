/**
 * Distances in millimetres to simple solids, negative inside. Ellipsoids use the first-order estimate
 * f · (f − 1) / |∇(f²)/2| (Quílez, "Ellipsoid SDF", 2008). The estimate is exact on the surface.
 */

export interface Point {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** Distance to an infinite elliptic cylinder or an ellipse: (x/a)² + (y/b)² = 1. */
export function ellipse(x: number, y: number, a: number, b: number): number {
  const u = x / a
  const v = y / b
  const f = Math.sqrt(u * u + v * v)
  if (f < 1e-6) return -Math.min(a, b)
  return (f * (f - 1)) / Math.sqrt((u / a) ** 2 + (v / b) ** 2)
}

export function ellipsoid(x: number, y: number, z: number, a: number, b: number, c: number): number {
  const u = x / a
  const v = y / b
  const w = z / c
  const f = Math.sqrt(u * u + v * v + w * w)
  if (f < 1e-6) return -Math.min(a, b, c)
  return (f * (f - 1)) / Math.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
}

/** Rounded block in x–y (|x/a|³ + |y/b|³), elliptic in z, because a condyle's loaded end is flatter than a ball. */
export function condyloid(x: number, y: number, z: number, a: number, b: number, c: number): number {
  const u = Math.abs(x / a)
  const v = Math.abs(y / b)
  const w = z / c
  const g = Math.cbrt(u * u * u + v * v * v)
  const f = Math.sqrt(g * g + w * w)
  if (g < 1e-6 || f < 1e-6) return -Math.min(a, b, c)
  const slope = Math.sqrt(((u * u) / a) ** 2 / (g * g) + ((v * v) / b) ** 2 / (g * g) + (w / c) ** 2) / f
  return (f - 1) / slope
}

/** Distance to the polyline through `points`, minus `radius`. z is divided by `flatness`: tubes become bands. */
export function tube(x: number, y: number, z: number, points: readonly Point[], radius: number, flatness = 1): number {
  let nearest = Infinity
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1]
    const b = points[i]
    const bx = b.x - a.x
    const by = b.y - a.y
    const bz = (b.z - a.z) / flatness
    const px = x - a.x
    const py = y - a.y
    const pz = (z - a.z) / flatness
    const along = Math.min(1, Math.max(0, (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz)))
    const dx = px - along * bx
    const dy = py - along * by
    const dz = pz - along * bz
    nearest = Math.min(nearest, dx * dx + dy * dy + dz * dz)
  }
  return Math.sqrt(nearest) - radius
}

/** Union whose seam is filleted over about `k` mm (polynomial smooth minimum). */
export function join(a: number, b: number, k: number): number {
  const h = Math.max(0, k - Math.abs(a - b)) / k
  return Math.min(a, b) - (h * h * k) / 4
}

/** Intersection with a filleted edge. */
export function meet(a: number, b: number, k: number): number {
  return -join(-a, -b, k)
}

/** 0 below `from`, 1 above `to`, smooth between them. `from` may be larger than `to`. */
export function ramp(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)))
  return t * t * (3 - 2 * t)
}

/** Logistic step of width about 4 · `width` around `centre`. */
export function logistic(x: number, centre: number, width: number): number {
  return 1 / (1 + Math.exp((centre - x) / width))
}
