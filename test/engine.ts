/** Makes TensorFlow.js in this test process compute on the installed native engine. */

import { type Arithmetic, type Compute, makePlainArithmetic } from '../src/core/compute.ts'
import { locateEngine } from '../src/engine/install/install.ts'
import { loadedCompute, loadTensorflow } from '../src/engine/tensorflow/tensorflow.ts'

export async function useEngine(): Promise<Compute> {
  const engine = locateEngine()
  if (!engine) throw new Error('The TensorFlow engine is not installed: npm run self-mri -- engine install')
  process.env.SELF_MRI_BINDING = engine.binding // as the client sets it for an engine's process
  return loadTensorflow(engine.binding)
}

const plain = makePlainArithmetic()

/** The engine's arithmetic after `useEngine`, else plain TensorFlow.js, for tests that need no engine. */
export const compute = (): Arithmetic => loadedCompute() ?? plain

export const kernels = () => compute().kernels
