/**
 * Coil maps of one slice in two steps: `calibrateMaps` finds the calibration area and gives the maps in compact form,
 * which a cache can keep; `expandMaps` computes the maps of every pixel. Maps have norm 1 over coils.
 * ESPIRiT needs a calibration area of at least 6 × 6 samples. With less, Walsh's maps of the low-resolution image.
 */
import { AppError } from '../../../contract/errors.ts'
import type { Fourier } from '../fourier.ts'
import type { Pattern } from '../pattern.ts'
import { type Area, blockOf, deadCoils, type KspaceSize, measuredArea } from './calibration.ts'
import { compressionOf } from './compression.ts'
import type { Eigenvectors } from './eigenvectors.ts'
import { calibrateEspirit } from './espirit.ts'
import { lowResolutionMaps, walshMaps } from './simple-maps.ts'

export type MapMethod = 'espirit' | 'walsh' | 'low-resolution'

/** What the compact form depends on, besides k-space. */
export interface CalibrationSettings {
  /** `automatic`: ESPIRiT if the calibration area suffices, else Walsh. `espirit`: with kernels of exactly `kernel`. */
  readonly method: MapMethod | 'automatic'
  /** Largest calibration area, [rows, columns]. */
  readonly area: readonly [number, number]
  /** Side of ESPIRiT's kernels. `automatic` takes smaller kernels for small areas. */
  readonly kernel: number
  /** Kernels with σ above this share of σ₁ are kept, as in SigPy. BART's option -t is its square. */
  readonly threshold: number
}

/** SigPy's and BART's area and kernel, and SigPy's threshold. */
export const CALIBRATION_DEFAULTS: CalibrationSettings = {
  method: 'automatic',
  area: [24, 24],
  kernel: 6,
  threshold: 0.02,
}

export interface ExpansionSettings {
  /** ESPIRiT's maps are 0 where the eigenvalue is at most this. 0: everywhere kept. */
  readonly crop: number
  /**
   * Which coil gets phase 0 in every pixel: the first principal coil, or the first coil of the file. If the file's
   * first coil is dead, the first principal coil.
   */
  readonly phase: 'principal coil' | 'first coil'
}

/**
 * BART's crop, because fastMRI's published baseline uses it. SigPy's crop of 0.95 removes tissue if the calibration
 * area is small: with 10 centre columns and kernels of 6, up to 30 % of a synthetic knee.
 * The first coil has no signal in a part of the object, so its phase there is noise, and the maps would jump.
 */
export const EXPANSION_DEFAULTS: ExpansionSettings = { crop: 0.8, phase: 'principal coil' }

/** Maps in compact form. For 15 coils and a kernel of 6: 116 KB, for any matrix. */
export interface CompactMaps {
  readonly method: MapMethod | 'one coil'
  readonly coils: number
  /** Empty for one coil, whose map needs no calibration. */
  readonly area: Area
  /** ESPIRiT's kernel. 0: another method. */
  readonly kernel: number
  /** Why the method or the kernel is not as wanted, and which coils are dead. For users. */
  readonly remarks: readonly string[]
  /** Weights of the first principal coil, [coils, 2]. */
  readonly principal: Float32Array
  /** ESPIRiT: a series (see `Series`). Walsh, low resolution: k-space of the area, [coils, rows, columns, 2]. */
  readonly data: Float32Array
}

export interface CoilMaps {
  /** [coils, rows, columns, 2] */
  readonly maps: Float32Array
  /** [rows, columns], near 1 where ESPIRiT's model holds. `null`: another method. */
  readonly eigenvalues: Float32Array | null
}

/** What maps in compact form depend on. */
export interface MapsKey {
  /** `VolumeContent.identity` */
  readonly identity: string
  readonly slice: number
  readonly pattern: Pattern
  readonly virtualCoils: number
  readonly settings: CalibrationSettings
}

/** The maps that are kept for a key, or those of `make`. */
export type KeepMaps = (key: MapsKey, make: () => CompactMaps) => CompactMaps

/** Keeps nothing. */
export const keepNoMaps: KeepMaps = (_key, make) => make()

/**
 * The kernel's side is at most this share of the area's smaller side. Measured on synthetic knees with 4 to 15 coils
 * and 6 to 15 centre columns: larger kernels are further from the true maps. With 10 columns, the mean angle is 1.1e-4
 * with kernels of 4, and 0.5e-3 to 1.6e-3 with kernels of 6.
 */
const LARGEST_SHARE = 0.4
const LEAST_KERNEL = 3
const LEAST_SIDE = 6

/**
 * @param kspace [coils, rows, columns, 2] of one slice, 0 where it is not measured.
 * @param where For errors, such as 'slice 4 of brain_07.h5'. Throws `INVALID_ARGUMENT` if several coils did not measure
 * the centre, the wanted method needs a larger area or ESPIRiT refuses the settings, and `NOT_FINITE`.
 */
export function calibrateMaps(
  kspace: Float32Array,
  size: KspaceSize,
  where: string,
  settings: CalibrationSettings = CALIBRATION_DEFAULTS,
  coilName: 'Coil' | 'Virtual coil' = 'Coil',
): CompactMaps {
  const { coils } = size
  if (coils === 1) {
    const [area, principal] = [{ top: 0, left: 0, rows: 0, columns: 0 }, Float32Array.of(1, 0)]
    return { method: 'one coil', coils, area, kernel: 0, remarks: [], principal, data: new Float32Array() }
  }
  const area = measuredArea(kspace, size, settings.area)
  if (!area)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a completely measured centre of k-space for coil maps, got none in ${where}. ` +
        'Choose a mask with a centre, or exclude the file.',
    )
  const block = blockOf(kspace, size, area, where)
  const principal = firstPrincipal(block, coils)
  const { method, kernel, remarks } = choose(settings, area, where)
  const dead = deadCoils(block, coils).map(coil => `${coilName} ${coil + 1} has no signal, and its map is 0.`)
  const common = { method, coils, remarks: [...remarks, ...dead], principal }
  if (method === 'espirit') {
    const { series } = calibrateEspirit(block, [coils, area.rows, area.columns], { ...settings, kernel })
    return { ...common, area, kernel, data: series.elements }
  }
  const tall = measuredArea(kspace, size, [size.rows, settings.area[1]]) ?? area
  return { ...common, area: tall, kernel: 0, data: Float32Array.from(blockOf(kspace, size, tall, where)) }
}

function firstPrincipal(block: Float64Array, coils: number): Float32Array {
  const { elements } = compressionOf(block, coils, 1).matrix // uᴴ
  return Float32Array.from(elements, (value, i) => (i % 2 ? -value : value))
}

function choose({ method, kernel }: CalibrationSettings, area: Area, where: string) {
  const side = Math.min(area.rows, area.columns)
  const found = `the completely measured centre of k-space has ${area.rows} × ${area.columns} samples`
  if (method === 'espirit') {
    if (side > kernel) return { method, kernel, remarks: [] }
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected more than ${kernel} × ${kernel} samples for ESPIRiT, got ${area.rows} × ${area.columns} around the ` +
        `centre of ${where}. Choose a smaller kernel, Walsh’s maps, or a mask with a larger centre.`,
    )
  }
  if (method !== 'automatic') return { method, kernel: 0, remarks: [] }
  if (side < LEAST_SIDE)
    return {
      method: 'walsh' as const,
      kernel: 0,
      remarks: [`The maps are Walsh’s and of low resolution, because ${found}.`],
    }
  const fitting = Math.min(kernel, Math.max(LEAST_KERNEL, Math.floor(side * LARGEST_SHARE)))
  const remarks = fitting < kernel ? [`ESPIRiT uses ${fitting} × ${fitting} kernels, because ${found}.`] : []
  return { method: 'espirit' as const, kernel: fitting, remarks }
}

/** The maps of every pixel of k-space's matrix. */
export function expandMaps(
  compact: CompactMaps,
  [rows, columns]: readonly [number, number],
  { fourier, eigenvectors }: { readonly fourier: Fourier; readonly eigenvectors: Eigenvectors },
  { crop, phase }: ExpansionSettings = EXPANSION_DEFAULTS,
): CoilMaps {
  const { method, coils, kernel, data } = compact
  const pixels = rows * columns
  if (method === 'one coil')
    return { maps: Float32Array.from({ length: 2 * pixels }, (_, i) => (i + 1) % 2), eigenvalues: null }
  const firstCoil = Float32Array.from({ length: 2 * coils }, (_, i) => Number(i === 0))
  const isDead = compact.principal[0] === 0 && compact.principal[1] === 0
  const reference = phase === 'first coil' && !isDead ? firstCoil : compact.principal
  if (method !== 'espirit') {
    const size = { coils, rows, columns }
    const images = imagesOf(compact, size, fourier)
    const maps =
      method === 'walsh' ? walshMaps(images, size, reference, eigenvectors) : lowResolutionMaps(images, size, reference)
    return { maps, eigenvalues: null }
  }
  const series = { coils, kernel, elements: data }
  const { vectors, values } = eigenvectors.ofSeries(series, [rows, columns], reference)
  if (crop > 0)
    for (let pixel = 0; pixel < pixels; pixel++)
      if (values[pixel] <= crop)
        for (let coil = 0; coil < coils; coil++)
          vectors.fill(0, 2 * (coil * pixels + pixel), 2 * (coil * pixels + pixel + 1))
  return { maps: vectors, eigenvalues: values }
}

/** Images of the area's k-space alone, [coils, rows, columns, 2]. */
function imagesOf({ area, data }: CompactMaps, { coils, rows, columns }: KspaceSize, fourier: Fourier): Float32Array {
  const kspace = new Float32Array(2 * coils * rows * columns)
  const width = 2 * area.columns
  for (let line = 0; line < coils * area.rows; line++) {
    const row = Math.floor(line / area.rows) * rows + area.top + (line % area.rows)
    kspace.set(data.subarray(line * width, (line + 1) * width), 2 * (row * columns + area.left))
  }
  const grid = { coils, rows, columns, height: rows, width: columns }
  const list = Int32Array.from({ length: area.columns }, (_, i) => area.left + i)
  const along = new Float32Array(kspace.length)
  fourier.columns(kspace, list, grid, along)
  return fourier.rows(along, list, grid, 'complex')
}
