/** What a network takes of a slice, and what it can give beside its image. `core/models/network.ts` has the shapes. */
import { z } from 'zod'

export const Takes = z.enum(['magnitude', 'complex', 'kspace'])
export type Takes = z.infer<typeof Takes>

export const Given = z.enum(['k-space', 'complex image', 'cascade', 'maps'])
export type Given = z.infer<typeof Given>

/** Whether its k-space is known: its own, or the Fourier transform of its complex image, times the coil maps. */
export const givesKspace = (gives: readonly Given[]): boolean =>
  gives.includes('k-space') || gives.includes('complex image')
