/** Centred orthonormal Fourier transforms of images, as operations that graphs record. */
import { type Kernels, ownAdjoint } from '../../../core/kernels.ts'
import { type NativeBackend, unitary } from '../kernels.ts'

const OPERATIONS = { forward: 'SelfMriFourier', inverse: 'SelfMriInverseFourier' } as const

export const fourierOf = (backend: NativeBackend): Kernels['fourier'] =>
  unitary((x, direction) => backend.executeSingleOutput(OPERATIONS[direction], [], [x]))

export const normalOf = (backend: NativeBackend): Kernels['normal'] =>
  ownAdjoint((x, maps, mask) => backend.executeSingleOutput('SelfMriNormal', [], [x, maps, mask]))
