/** Painting on one coronal plane. Solids are measured (distance in mm at every sample) and mixed over a soft edge. */
import { FINE_COLUMN_MM, FINE_COLUMNS, FINE_ROW_MM, FINE_ROWS, fineX, fineY } from './grid.ts'
import type { Patient } from './patient.ts'
import { makeTexture } from './texture.ts'

const SAMPLES = FINE_ROWS * FINE_COLUMNS
const FAR_MM = 1000

/** Part of the plane, in the patient's millimetres. */
export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}
export const EVERYWHERE: Box = { left: -120, right: 120, top: -200, bottom: 200 }

/** Distance to a solid at every sample of a box, negative inside. */
export interface Region {
  readonly box: Box
  readonly distance: Float32Array
}

/** A plane during painting: the patient's own coordinates of every fine sample, rigid for bone, wavy for soft parts. */
export interface Plane {
  readonly patient: Patient
  /** Depth in the patient's own millimetres, anterior positive. */
  readonly z: number
  /** Relative to unsuppressed fat, [FINE_ROWS, FINE_COLUMNS]. */
  readonly signal: Float32Array
  readonly boneX: Float32Array
  readonly boneY: Float32Array
  readonly softX: Float32Array
  readonly softY: Float32Array
  readonly textures: Textures
  /** Working memory for the distances of one solid. */
  readonly scratch: Float32Array
}

type Textures = ReturnType<typeof makeTextures>

function makeTextures(seed: number, index: number, z: number) {
  const make = (name: string, cellXMm: number, cellYMm: number, cellZMm: number) =>
    makeTexture(seed, index, { name, cellXMm, cellYMm, cellZMm }, z)
  return {
    bendX: make('bend-x', 24, 28, 30),
    bendY: make('bend-y', 24, 28, 30),
    waveX: make('wave-x', 7, 8, 8),
    waveY: make('wave-y', 7, 8, 8),
    fine: make('fine', 0.55, 0.55, 1),
    trabecular: make('trabecular', 0.6, 1.8, 1),
    medium: make('medium', 1.6, 1.8, 2.5),
    lobules: make('lobules', 4.2, 5, 6),
    septa: make('septa', 2.6, 5.5, 4),
    patches: make('patches', 7, 8, 8),
    broad: make('broad', 22, 25, 25),
    fibres: make('fibres', 0.6, 9, 1.5),
    fascicles: make('fascicles', 2, 26, 4),
  }
}

/** The empty plane `depthMm` from the middle of the scanner. */
export function layOut(seed: number, index: number, patient: Patient, depthMm: number): Plane {
  const textures = makeTextures(seed, index, depthMm)
  const boneX = new Float32Array(SAMPLES)
  const boneY = new Float32Array(SAMPLES)
  const softX = new Float32Array(SAMPLES)
  const softY = new Float32Array(SAMPLES)
  const cos = Math.cos(patient.rotation)
  const sin = Math.sin(patient.rotation)
  for (let row = 0, i = 0; row < FINE_ROWS; row++) {
    const dy = fineY(row) - patient.shiftYMm
    for (let column = 0; column < FINE_COLUMNS; column++, i++) {
      const dx = fineX(column) - patient.shiftXMm
      const x = (patient.side * (cos * dx + sin * dy)) / (patient.size * patient.aspect)
      const y = (cos * dy - sin * dx) / patient.size
      boneX[i] = x + 1 * textures.bendX[i] + 0.12 * textures.waveX[i]
      boneY[i] = y + 0.8 * textures.bendY[i] + 0.12 * textures.waveY[i]
      softX[i] = x + 1.7 * textures.bendX[i] + 0.55 * textures.waveX[i]
      softY[i] = y + 1.7 * textures.bendY[i] + 0.55 * textures.waveY[i]
    }
  }
  return {
    patient,
    z: depthMm / patient.size + patient.shiftZMm,
    signal: new Float32Array(SAMPLES),
    boneX,
    boneY,
    softX,
    softY,
    textures,
    scratch: new Float32Array(SAMPLES),
  }
}

/** Rows and columns of the fine grid that may lie in the box (bends and waves included). */
function samplesOf(box: Box, patient: Patient) {
  const cos = Math.cos(patient.rotation)
  const sin = Math.sin(patient.rotation)
  const xs: number[] = []
  const ys: number[] = []
  for (const x of [box.left - 7, box.right + 7]) {
    for (const y of [box.top - 7, box.bottom + 7]) {
      const px = patient.side * x * patient.size * patient.aspect
      const py = y * patient.size
      xs.push((cos * px - sin * py + patient.shiftXMm) / FINE_COLUMN_MM + FINE_COLUMNS / 2)
      ys.push((sin * px + cos * py + patient.shiftYMm) / FINE_ROW_MM + FINE_ROWS / 2)
    }
  }
  return {
    firstRow: Math.max(0, Math.floor(Math.min(...ys))),
    endRow: Math.min(FINE_ROWS, Math.ceil(Math.max(...ys))),
    firstColumn: Math.max(0, Math.floor(Math.min(...xs))),
    endColumn: Math.min(FINE_COLUMNS, Math.ceil(Math.max(...xs))),
  }
}

function forEachSample(plane: Plane, box: Box, visit: (i: number) => void): void {
  const { firstRow, endRow, firstColumn, endColumn } = samplesOf(box, plane.patient)
  for (let row = firstRow; row < endRow; row++) {
    const start = row * FINE_COLUMNS
    for (let i = start + firstColumn; i < start + endColumn; i++) visit(i)
  }
}

/** Measures a solid over a box. Samples outside the box get a large distance. */
export function measure(
  plane: Plane,
  box: Box,
  distance: (i: number) => number,
  into: Float32Array = new Float32Array(SAMPLES).fill(FAR_MM),
): Region {
  forEachSample(plane, box, i => {
    into[i] = distance(i)
  })
  return { box, distance: into }
}

/** Measures a solid that is painted before the next solid is measured. Distances outside the box are undefined. */
export function measureOnce(plane: Plane, box: Box, distance: (i: number) => number): Region {
  return measure(plane, box, distance, plane.scratch)
}

/** Mixes `signal` in inside the region, grown by `grownMm`, over an edge of `softMm`. */
export function paint(plane: Plane, region: Region, softMm: number, signal: (i: number) => number, grownMm = 0): void {
  const target = plane.signal
  const { box, distance } = region
  forEachSample(plane, box, i => {
    const coverage = 0.5 - (distance[i] - grownMm) / softMm
    if (coverage <= 0) return
    const value = signal(i)
    target[i] = coverage >= 1 ? value : target[i] + coverage * (value - target[i])
  })
}

/** 1 on the line where the texture crosses 0. Falls off with `width`, in units of the texture's standard deviation. */
export function ridge(texture: number, width: number): number {
  const t = texture / width
  return t * t > 9 ? 0 : Math.exp(-t * t)
}

export function mix(a: number, b: number, share: number): number {
  return a + share * (b - a)
}

/** Value of a texture whose vertical grain leans by `slope`. */
export function slantedSample(texture: Float32Array, i: number, slope: number): number {
  if (slope === 0) return texture[i]
  const row = Math.floor(i / FINE_COLUMNS)
  const shift = (slope * (row - FINE_ROWS / 2) * FINE_ROW_MM) / FINE_COLUMN_MM
  const column = (((i - row * FINE_COLUMNS - shift) % FINE_COLUMNS) + FINE_COLUMNS) % FINE_COLUMNS
  const left = Math.min(FINE_COLUMNS - 2, Math.floor(column))
  const t = column - left
  const at = row * FINE_COLUMNS + left
  return mix(texture[at], texture[at + 1], t)
}
