import { testKernels } from './kernel-cases.ts'

testKernels()
