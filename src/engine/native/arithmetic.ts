/** Arithmetic by our own kernels for images that need no network. TensorFlow is not loaded. */
import { makePlainArithmetic } from '../../core/compute.ts'
import { sharedImages } from '../files/kept-images.ts'
import { sharedMaps } from '../files/kept-maps.ts'
import { lazyEigenvectors } from './eigenvectors.ts'
import { lazyFourier } from './fourier.ts'

export const plain = makePlainArithmetic(lazyFourier('shared'), lazyEigenvectors('shared'), sharedMaps, sharedImages)
