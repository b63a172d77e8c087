/** Counts and times the native operations that `work` calls. The operations run eagerly, one at a time. */
import type { OperationTime } from '../../../contract/engine.ts'
import { type Backend, withBinding } from './native.ts'

/** `work` must run eagerly, and must end after its last operation. The slowest operations come first. */
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
