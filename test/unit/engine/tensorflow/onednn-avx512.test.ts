import { AVX512 } from '../../../../src/engine/tensorflow/onednn.ts'
import { testConvolutions } from './convolutions.ts'

testConvolutions(AVX512)
