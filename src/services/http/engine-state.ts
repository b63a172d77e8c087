/** The state of the engine for the window's bottom line: TensorFlow, device, memory, and the present task. */
import { availableParallelism } from 'node:os'
import type { EngineState } from '../../contract/engine.ts'
import { locateEngine } from '../../engine/install/install.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { EnginePool } from '../places/engine-pool.ts'

export interface Activity {
  update(words: string): void
  end(): void
}

export interface EngineWatch {
  /** The last known state. Also asks the engines for their status, which the next call returns. */
  state(): EngineState
  /** Begins a task other than a training. `words` describe the task. */
  begin(words: string): Activity
}

type Status = { readonly device: EngineState['device']; readonly residentBytes: number }

/** @param doing returns the running training in words */
export function watchEngines(engines: Pick<EnginePool, 'living'>, doing: () => string | null): EngineWatch {
  const known = new Map<number, Status>()
  const asked = new Set<number>()
  const activities = new Map<symbol, string>()

  /** Asks without waiting, because a busy engine answers late. */
  function ask(engine: Engine, pid: number): void {
    if (asked.has(pid)) return
    asked.add(pid)
    engine
      .call('status', {})
      .then(({ device, residentBytes }) => known.set(pid, { device: device?.device ?? null, residentBytes }))
      .catch(() => known.delete(pid))
      .finally(() => asked.delete(pid))
  }

  return {
    state() {
      const living = engines.living.flatMap(engine => (engine.pid === undefined ? [] : [{ engine, pid: engine.pid }]))
      for (const { engine, pid } of living) ask(engine, pid)
      const states = living.flatMap(({ pid }) => known.get(pid) ?? [])
      const installed = locateEngine()
      return {
        installed: installed && { tensorflow: installed.tensorflow, variant: installed.variant },
        device: states.find(({ device }) => device !== null)?.device ?? null,
        threads: availableParallelism(),
        residentBytes: states.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
        doing: doing() ?? [...activities.values()].at(-1) ?? null,
      }
    },
    begin(words) {
      const key = Symbol()
      activities.set(key, words)
      return {
        // A cancelled task may still report progress. Ignore the report.
        update: more => activities.has(key) && activities.set(key, more),
        end: () => activities.delete(key),
      }
    },
  }
}
