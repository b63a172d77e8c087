/**
 * Where one set of coil maps S explains the data, y_c = M F S_c x: the largest eigenvalue of ESPIRiT's matrix is near
 * 1, and the second is not. Where an object folds over because the field of view is too small, and after motion, a
 * second set of maps fits as well as the first, so both eigenvalues are near 1.
 *   object   pixels above 0.1 of the maximum of r, the root of the sum of squares over coils,
 *   failing  pixels of the object with an eigenvalue of at most `EXPANSION_DEFAULTS.crop`, or with a second above it.
 * r is the image of the calibration area alone, because the zero-filled image has aliases outside of the object.
 * Measured on synthetic knees at 4×: up to 0.5 % of the pixels above 0.1 of the zero-filled image's maximum were
 * aliases with a low eigenvalue, and none of the pixels above 0.1 of r's maximum.
 * Source: Uecker et al., Magn. Reson. Med. 71, 2014, "ESPIRiT—an eigenvalue approach to autocalibrating parallel MRI".
 */
import { MAP_LABELS } from '../../../contract/classical.ts'
import { percent } from '../../../contract/words.ts'
import { makeZeroFilling } from '../fft.ts'
import type { Fourier } from '../fourier.ts'
import type { Pattern } from '../pattern.ts'
import { centreCropReal, type Shape } from '../transform.ts'
import type { Area, KspaceSize } from './calibration.ts'
import type { Eigenvectors } from './eigenvectors.ts'
import { type CoilMaps, type CompactMaps, EXPANSION_DEFAULTS } from './maps.ts'
import { secondEigenvalues, valueAt } from './second-eigenvalue.ts'

/** Share of the maximum of r above which a pixel belongs to the object. */
const OBJECT = 0.1

export interface ModelFit {
  /** 1 where one set of maps does not explain the data, otherwise 0, [crop height, crop width]. */
  readonly failing: Float32Array
  /** Failing pixels over pixels of the object. */
  readonly share: number
}

function areaPattern({ rows, columns }: KspaceSize, area: Area): Pattern {
  const measured = new Uint8Array(rows * columns)
  for (let row = area.top; row < area.top + area.rows; row++)
    measured.fill(1, row * columns + area.left, row * columns + area.left + area.columns)
  return { kind: 'points', rows, columns, measured }
}

/**
 * `null`: the method has no eigenvalues.
 * @param kspace [coils, rows, columns, 2] of which the maps were computed.
 */
export function modelFit(
  kspace: Float32Array,
  size: KspaceSize,
  { compact, eigenvalues }: { readonly compact: CompactMaps } & Pick<CoilMaps, 'eigenvalues'>,
  crop: Shape,
  { fourier, eigenvectors }: { readonly fourier: Fourier; readonly eigenvectors: Eigenvectors },
): ModelFit | null {
  if (!eigenvalues) return null
  const shape = [size.rows, size.columns] as const
  const series = { coils: size.coils, kernel: compact.kernel, elements: compact.data }
  const second = secondEigenvalues(series, shape, compact.principal, eigenvectors)
  const [top, left] = [0, 1].map(axis => Math.floor((shape[axis] - crop[axis]) / 2))
  const isSecond = (pixel: number) =>
    valueAt(second, shape, top + Math.floor(pixel / crop[1]), left + (pixel % crop[1])) > EXPANSION_DEFAULTS.crop
  const r = makeZeroFilling(fourier).image(kspace, size.coils, areaPattern(size, compact.area), crop)
  const values = centreCropReal(eigenvalues, shape, crop)
  const edge = OBJECT * r.reduce((most, value) => Math.max(most, value), 0)
  const failing = new Float32Array(r.length)
  let object = 0
  let count = 0
  for (let i = 0; i < r.length; i++) {
    if (r[i] <= edge) continue
    object++
    if (values[i] > EXPANSION_DEFAULTS.crop && !isSecond(i)) continue
    failing[i] = 1
    count++
  }
  return { failing, share: object > 0 ? count / object : 0 }
}

/** Whether and where the maps explain the data. */
export function fitInWords(fit: ModelFit | null): string {
  const { crop } = EXPANSION_DEFAULTS
  if (!fit) return 'Without ESPIRiT’s eigenvalue, nothing shows where the maps do not explain the data.'
  if (fit.share === 0) return 'One set of maps explains the data in the whole object.'
  return (
    `In ${percent(fit.share)} of the object, one set of maps does not explain the data ` +
    `(eigenvalue ≤ ${crop} or second eigenvalue > ${crop}).`
  )
}

/** How the maps were computed: the method, and why not another one; dead coils. */
export function methodInWords({ method, kernel, area, remarks }: CompactMaps): string {
  const kernels = kernel > 0 ? `, ${kernel} × ${kernel} kernels` : ''
  const name = method === 'one coil' ? 'One coil' : MAP_LABELS[method]
  return [`${name}${kernels}, calibration area ${area.rows} × ${area.columns}.`, ...remarks].join(' ')
}
