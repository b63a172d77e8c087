/** The state of the engines for the window: TensorFlow, devices, memory, and the present tasks. */
import type { DeviceState, EngineState } from '../../contract/engine.ts'
import { type GpuReading, readGpus } from '../../engine/devices/nvidia-smi.ts'
import { threadsHere } from '../../engine/devices/threads.ts'
import { locateEngine } from '../../engine/install/install.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import { gpuStateOf } from '../places/local/sharing.ts'
import type { DeviceWork } from '../places/local/slot-engines.ts'
import type { Doing } from '../runs/queue.ts'

export interface Activity {
  update(words: string): void
  end(): void
}

export interface EngineWatch {
  /** The last known state. Also asks the engines and nvidia-smi, whose answers the next calls return. */
  state(): EngineState
  /** Begins a task other than a training. `words` describe the task. */
  begin(words: string): Activity
}

interface Trainings {
  /** The trainings of the queue. */
  readonly doing: readonly Pick<Doing, 'run' | 'words'>[]
  readonly jobs: EngineState['jobs']
}

type Status = { readonly device: EngineState['device']; readonly residentBytes: number }

/** Least time between two questions to nvidia-smi, which takes processor time. */
const READ_MS = 10_000

/** The last answer of nvidia-smi. A question never waits, and is not repeated before its answer. */
function watchGpus(): () => readonly GpuReading[] {
  let readings: readonly GpuReading[] = []
  let askedAt = Number.NEGATIVE_INFINITY
  let asks = false
  return () => {
    if (!asks && performance.now() - askedAt >= READ_MS) {
      asks = true
      askedAt = performance.now()
      void readGpus().then(answer => {
        readings = answer ?? []
        asks = false
      })
    }
    return readings
  }
}

/** Of more trainings, the number is told. */
const MOST_NAMED = 3

const inWords = (doing: Trainings['doing']): string =>
  doing.length > MOST_NAMED ? `${doing.length} trainings` : doing.map(({ words }) => words).join('; ')

export function watchEngines(
  engines: Pick<EnginePool, 'living' | 'onDevices'>,
  trainings: () => Trainings,
): EngineWatch {
  const known = new Map<number, Status>()
  const asked = new Set<number>()
  const activities = new Map<symbol, string>()
  const gpus = watchGpus()

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

  const statuses = (of: readonly Engine[]) => of.flatMap(({ pid }) => (pid === undefined ? [] : (known.get(pid) ?? [])))
  const memoryOf = (of: readonly Engine[]) => statuses(of).reduce((sum, { residentBytes }) => sum + residentBytes, 0)

  function deviceState({ device, engines: own, runs, isMissing }: DeviceWork, doing: Trainings['doing']): DeviceState {
    const { label, name, kind, uuid } = device
    const pids = new Set(engines.living.flatMap(({ pid }) => pid ?? []))
    return {
      label,
      name,
      kind,
      runs: runs.map(run => ({ run, words: doing.find(each => each.run === run)?.words ?? `run ${run}` })),
      residentBytes: memoryOf(own),
      gpu: uuid === null ? null : gpuStateOf(device, gpus(), pids),
      isMissing,
    }
  }

  return {
    state() {
      const { living } = engines
      for (const engine of living) if (engine.pid !== undefined) ask(engine, engine.pid)
      const installed = locateEngine()
      const { doing, jobs } = trainings()
      return {
        installed: installed && { tensorflow: installed.tensorflow, variant: installed.variant },
        device: statuses(living).find(({ device }) => device !== null)?.device ?? null,
        threads: threadsHere(),
        residentBytes: memoryOf(living),
        doing: inWords(doing) || ([...activities.values()].at(-1) ?? null),
        devices: installed ? engines.onDevices().map(work => deviceState(work, doing)) : [],
        jobs,
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
