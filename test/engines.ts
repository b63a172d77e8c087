/** Engines that no process stands behind, for tests. */
import type { Engine } from '../src/engine/process/client.ts'
import type { EnginePool } from '../src/services/profile/engine-pool.ts'

/** What a test needs of an engine: the answer to its calls. */
export interface FakeEngine {
  call(name: string, params: never, options: never): Promise<unknown>
}

/** Without `jobs` nothing is trained, without `interactive` nothing is read. */
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
