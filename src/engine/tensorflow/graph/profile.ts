/** Which native operations a piece of TensorFlow.js calls, how often, and how long they take: one at a time, as eager ones run. */
import type { OperationTime } from '../../../contract/engine.ts'
import { type Backend, withBinding } from './native.ts'

/** `work` runs eagerly and ends when its last operation has. The slowest come first. */
export function profileOperations(backend: Backend, work: () => void): OperationTime[] {
  const native = backend.binding
  const byName = new Map<string, { count: number; ms: number }>()
  const executeOp: typeof native.executeOp = (name, ...rest) => {
    const start = performance.now()
    const outputs = native.executeOp(name, ...rest)
    const entry = byName.get(name) ?? { count: 0, ms: 0 }
    byName.set(name, { count: entry.count + 1, ms: entry.ms + performance.now() - start })
    return outputs
  }
  withBinding(backend, { executeOp }, work)
  return Array.from(byName, ([name, entry]) => ({ name, ...entry })).toSorted((a, b) => b.ms - a.ms)
}
