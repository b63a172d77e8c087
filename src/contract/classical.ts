/** Classical reconstructions of several coils: they need no training. Their settings, and names for settings. */
import { z } from 'zod'

export const CLASSICAL_IDS = ['sense', 'cg-sense', 'l1-wavelet', 'total-variation'] as const
export const ClassicalId = z.enum(CLASSICAL_IDS)
export type ClassicalId = z.infer<typeof ClassicalId>

export const CLASSICAL_LABELS: Readonly<Record<ClassicalId, string>> = {
  sense: 'SENSE combination',
  'cg-sense': 'CG-SENSE',
  'l1-wavelet': 'l1-wavelet',
  'total-variation': 'Total variation',
}

/** A method with its settings. Settings that are left out have their defaults. */
export const ClassicalChoice = z.object({
  classical: ClassicalId,
  config: z.record(z.string(), z.union([z.number(), z.string()])),
})
export type ClassicalChoice = z.infer<typeof ClassicalChoice>

/** How coil maps are computed. `automatic`: ESPIRiT if the calibration area suffices, else Walsh. */
export const MAP_METHODS = ['automatic', 'espirit', 'walsh', 'low-resolution'] as const

/** Settings that all classical methods share. */
export const CoilSettings = z.object({
  maps: z.enum(MAP_METHODS).default('automatic').describe('method of the coil maps'),
  virtualCoils: z.int().min(0).max(256).default(0).describe('virtual coils after compression, 0 for no compression'),
})
export type CoilSettings = z.infer<typeof CoilSettings>

/** A classical method as a source of images: `cg-sense` with default settings, `cg-sense:3` with named settings. */
export const CLASSICAL_SOURCE = new RegExp(`^(${CLASSICAL_IDS.join('|')})(?::(\\d{1,15}))?$`)

/** The method and the number of its named settings, if any. `null`: the source is another one. */
export function classicalSource(source: string): { readonly method: ClassicalId; readonly settings?: string } | null {
  const [, method, settings] = CLASSICAL_SOURCE.exec(source) ?? []
  return method === undefined ? null : { method: method as ClassicalId, settings }
}

export const MAP_LABELS = { espirit: 'ESPIRiT', walsh: 'Walsh', 'low-resolution': 'Low-resolution' } as const

const inWords: Readonly<Record<string, (value: number | string) => string>> = {
  iterations: value => `${value} iterations`,
  levels: value => `${value} levels`,
  maps: value => `${MAP_LABELS[value as keyof typeof MAP_LABELS] ?? value} maps`,
  virtualCoils: value => (value === 0 ? 'no coil compression' : `${value} virtual coils`),
}

/** 'CG-SENSE (30 iterations, lambda 0.01, automatic maps, no coil compression)'. ASCII only, as texts of DICOM. */
export function classicalInWords({ classical, config }: ClassicalChoice): string {
  const settings = Object.entries(config).map(([name, value]) => inWords[name]?.(value) ?? `${name} ${value}`)
  return `${CLASSICAL_LABELS[classical]} (${settings.join(', ')})`
}
