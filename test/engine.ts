/** Makes TensorFlow.js in this test process compute on the installed native engine. */

import type { Device } from '../src/contract/engine.ts'
import { locateEngine } from '../src/engine/install.ts'
import { loadTensorflow } from '../src/engine/tensorflow.ts'

export async function useEngine(): Promise<Device> {
  const engine = locateEngine()
  if (!engine) throw new Error('The TensorFlow engine is not installed: npm run self-mri -- engine install')
  return loadTensorflow(engine.binding)
}
