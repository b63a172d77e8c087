/** Engines without processes, for tests. */
import type { Engine } from '../src/engine/process/client.ts'
import type { EnginePool } from '../src/services/profile/engine-pool.ts'

/** The part of an engine that a test provides: answers to calls. */
export interface FakeEngine {
  call(name: string, params: never, options: never): Promise<unknown>
}

/** Without `jobs`, a training fails. Without `interactive`, a reading fails. */
export const fakeEngines = ({
  jobs,
  interactive,
}: {
  readonly jobs?: () => Promise<Engine>
  readonly interactive?: FakeEngine
}): EnginePool => ({
  jobs: jobs ?? (() => Promise.reject(new Error('This test has no engine for training'))),
  interactive: interactive as unknown as Engine,
  living: [],
  renew() {},
  onInstall: undefined,
  dispose() {},
})
