/** Holds an engine process. Starts the process at the first call. Replaces a process that died or was retired. */
import type { Engine } from '../../engine/process/client.ts'

export interface EngineHolder {
  /** The living engine. `start` makes an engine if there is none. */
  get(start: () => Engine): Engine
  /** The living engine, if one was started. */
  readonly current: Engine | null
  /** All living engines, with those that were retired and still compute. */
  readonly living: readonly Engine[]
  /** The next `get` starts a new process. The old process ends after its pending calls. */
  retire(): void
  dispose(): void
}

interface Held {
  readonly engine: Engine
  calls: number
  retired: boolean
}

export function holdEngine(): EngineHolder {
  let held: Held | null = null
  const all = new Set<Held>()
  const endIfIdle = (old: Held) => {
    if (old.retired && old.calls === 0) {
      old.engine.dispose()
      all.delete(old)
    }
  }

  function hold(engine: Engine): Held {
    const mine: Held = { calls: 0, retired: false, engine }
    all.add(mine)
    return mine
  }

  /** Wraps the engine to count its pending calls. */
  const counted = (mine: Held): Engine => ({
    async call(name, params, options) {
      mine.calls++
      try {
        return await mine.engine.call(name, params, options)
      } finally {
        mine.calls--
        endIfIdle(mine)
      }
    },
    get dead() {
      return mine.engine.dead
    },
    get pid() {
      return mine.engine.pid
    },
    dispose: () => mine.engine.dispose(),
  })

  function retire() {
    if (!held) return
    held.retired = true
    endIfIdle(held)
    held = null
  }
  const present = () => (held && !held.engine.dead ? held : null)

  return {
    get(start) {
      if (!present()) {
        if (held) all.delete(held)
        held = hold(start())
      }
      return counted(held!)
    },
    get current() {
      const mine = present()
      return mine && counted(mine)
    },
    get living() {
      return [...all].filter(({ engine }) => !engine.dead).map(counted)
    },
    retire,
    dispose() {
      for (const { engine } of all) engine.dispose()
      all.clear()
      held = null
    },
  }
}
