import { OptimizerConfig } from '../../../src/contract/recipes.ts'
import { makeOptimizer, type Optimizer } from '../../../src/core/training/optimizers.ts'
import type { Trained } from '../computed.ts'

/** With PyTorch's defaults. */
export const optimizerOf = (kind: Trained['optimizer']): Optimizer => makeOptimizer(OptimizerConfig.parse({ kind }))
