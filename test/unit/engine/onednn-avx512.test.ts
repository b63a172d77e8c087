import { AVX512 } from '../../../src/engine/onednn.ts'
import { testConvolutions } from './convolutions.ts'

testConvolutions(AVX512)
