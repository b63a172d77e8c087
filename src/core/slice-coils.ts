/**
 * One slice's coils as methods see them that take k-space: what was measured, without the header's padding, and
 * compressed to virtual coils if wanted; and the coil maps of these samples.
 */
import type { CoilSettings } from '../contract/classical.ts'
import type { Arithmetic } from './compute.ts'
import type { Volume } from './data/volume.ts'
import { blockOf, type KspaceSize, measuredArea } from './mri/coils/calibration.ts'
import { compressionOf, energyKept, mixCoils } from './mri/coils/compression.ts'
import {
  CALIBRATION_DEFAULTS,
  type CoilMaps,
  type CompactMaps,
  calibrateMaps,
  type ExpansionSettings,
  expandMaps,
} from './mri/coils/maps.ts'
import { clearPadding, multiply, type Pattern } from './mri/pattern.ts'

export interface MeasuredCoils extends KspaceSize {
  /** [coils, rows, columns, 2], 0 where nothing was measured. */
  readonly kspace: Float32Array
  /** The measured samples, without the columns that the header names as padding. */
  readonly pattern: Pattern
  /** Share of the energy Σ|k|² that compression keeps, from 0 to 1. `null`: not compressed. */
  readonly energyKept: number | null
  /** For errors, such as 'slice 4 of brain_07.h5'. */
  readonly where: string
}

/** The pattern without the columns that the header names as padding. */
export const withoutPadding = (mask: Pattern, { padding }: Volume['info']): Pattern =>
  padding ? clearPadding(mask, { from: padding[0], to: padding[1] }) : mask

/**
 * Without a measured centre, nothing is compressed, and coil maps refuse such k-space.
 * @param mask The samples that were measured. For a file with irregular sampling: its own pattern.
 */
export function measuredCoils(
  volume: Volume,
  slice: number,
  mask: Pattern,
  { virtualCoils }: Pick<CoilSettings, 'virtualCoils'>,
): MeasuredCoils {
  const { coils, rows, columns, path } = volume.info
  const pattern = withoutPadding(mask, volume.info)
  const where = `slice ${slice + 1} of ${path}`
  const kspace = volume.withKspace(slice, stored => multiply(pattern, stored))
  const whole = { coils, rows, columns, kspace, pattern, energyKept: null, where }
  if (virtualCoils === 0 || virtualCoils >= coils) return whole
  const area = measuredArea(kspace, whole, CALIBRATION_DEFAULTS.area)
  if (!area) return whole
  const { matrix } = compressionOf(blockOf(kspace, whole, area, where), coils, virtualCoils)
  const mixed = mixCoils(matrix, kspace)
  return { ...whole, coils: virtualCoils, kspace: mixed, energyKept: energyKept(kspace, mixed) }
}

export interface SliceMaps extends CoilMaps {
  readonly compact: CompactMaps
}

/** The maps of a slice's measured coils. Throws the errors of `calibrateMaps`. */
export function mapsOfSlice(
  { info: { content } }: Volume,
  slice: number,
  measured: MeasuredCoils,
  { maps: method, virtualCoils }: CoilSettings,
  { fourier, eigenvectors, keepMaps }: Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps'>,
  expansion: ExpansionSettings,
): SliceMaps {
  const { kspace, pattern, rows, columns, energyKept, where } = measured
  const settings = { ...CALIBRATION_DEFAULTS, method }
  const make = () => calibrateMaps(kspace, measured, where, settings, energyKept === null ? 'Coil' : 'Virtual coil')
  const compact = content
    ? keepMaps({ identity: content.identity, slice, pattern, virtualCoils, settings }, make)
    : make()
  return { compact, ...expandMaps(compact, [rows, columns], { fourier, eigenvectors }, expansion) }
}
