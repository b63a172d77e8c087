import { OptimizerConfig } from '../../../src/contract/recipes.ts'
import { makeOptimizer, type Optimizer } from '../../../src/core/training/optimizers.ts'
import { loadedCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import type { Trained } from '../computed.ts'

/** An optimizer with PyTorch's default settings. */
export const optimizerOf = (kind: Trained['optimizer']): Optimizer =>
  makeOptimizer(loadedCompute()!.kernels, OptimizerConfig.parse({ kind }))
