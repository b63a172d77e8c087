/** Reproductions for the window. Each is a loop in this process that queues one training after another. */
import { AppError } from '../../contract/errors.ts'
import type { AskedReproduction, Reproduction, ReproductionReport } from '../../contract/reproduction.ts'
import { locateEngine } from '../../engine/install/install.ts'
import type { ReportFigure } from '../reports/index.ts'
import type { WithQueue } from '../runs/queue.ts'
import type { ReadOptions } from '../studies/contents/reader.ts'
import { readyStudy } from '../studies/contents/ready.ts'
import { studyById } from '../studies/studies.ts'
import { withSettings } from './classical.ts'
import { begin, reportOf, viewReproduction } from './index.ts'
import { drawReproduction, save } from './save.ts'
import { claim, continuedReproductions, setStatus, storedReproduction, storedReproductions } from './store.ts'
import { trainThroughQueue } from './trainers.ts'

interface StartOptions extends ReadOptions {
  /** The program continues the reproduction by itself. */
  readonly unasked?: boolean
}

export interface Reproductions {
  list(): Promise<Reproduction[]>
  start(request: AskedReproduction, options?: ReadOptions): Promise<Reproduction>
  resume(id: number, options?: ReadOptions): Promise<void>
  stop(id: number): void
  report(id: number): ReproductionReport
  figures(id: number, signal?: AbortSignal): Promise<readonly ReportFigure[]>
  save(id: number, folder?: string, signal?: AbortSignal): Promise<{ path: string; name: string }>
}

export function makeReproductions(opened: WithQueue): Reproductions {
  const working = new Map<number, AbortController>()
  /** Reproductions whose files are being read before the start. */
  const starting = new Map<number, Promise<number>>()

  async function start(of: Parameters<typeof begin>[1], { unasked, ...options }: StartOptions = {}): Promise<number> {
    if (!locateEngine())
      throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install the engine first.')
    const { study } = 'id' in of ? storedReproduction(opened.profile, of.id).request : of.request
    const controller = new AbortController()
    if ('id' in of) working.set(of.id, controller) // so that `stop` works while files are read
    const signal = AbortSignal.any([controller.signal, ...(options.signal ? [options.signal] : [])])
    const { id, carryOut: work } = await readyStudy(opened, studyById(opened.profile, study), undefined, {
      ...options,
      signal,
    })
      .then(() => begin(opened, of))
      .catch((error: unknown) => {
        if ('id' in of) working.delete(of.id)
        throw error
      })
    working.set(id, controller)
    const ended = work(trainThroughQueue(opened, controller.signal, unasked), { signal: controller.signal })
      .catch((error: unknown) => {
        if (!(error instanceof AppError)) console.error(error) // an AppError is stored in the row
      })
      .finally(() => working.delete(id))
    opened.queue.follow({ stop: how => controller.abort(how), ended })
    return id
  }

  function carryOut(of: Parameters<typeof begin>[1], options?: StartOptions): Promise<number> {
    const started = start(of, options)
    if (!('id' in of)) return started
    starting.set(of.id, started)
    return started.finally(() => starting.delete(of.id))
  }

  /**
   * Continues reproductions that a signal stopped, or whose jobs went on. A reproduction that cannot continue stays
   * stopped. Its error is reported when the user resumes it.
   */
  async function goOn(): Promise<void> {
    if (!locateEngine()) return
    for (const id of continuedReproductions(opened.profile)) {
      try {
        await carryOut({ id }, { unasked: true })
      } catch (error) {
        if (!opened.profile.db.open) return
        if (!(error instanceof AppError)) throw error
      }
    }
  }
  goOn().catch((error: unknown) => console.error(error))

  /** 1 if no chosen device is there: the next training tells the error. */
  const slots = () => opened.engines.slots().catch(() => 1)
  const view = async (id: number) =>
    viewReproduction(opened.profile, storedReproduction(opened.profile, id), await slots())

  return {
    async list() {
      const places = await slots()
      return storedReproductions(opened.profile).map(stored => viewReproduction(opened.profile, stored, places))
    },
    start: async (asked, options) => view(await carryOut({ request: withSettings(opened.profile, asked) }, options)),
    async resume(id, options) {
      const begun = starting.get(id)
      if (begun) await begun
      else if (!working.has(id)) await carryOut({ id }, options)
    },
    stop(id) {
      const controller = working.get(id)
      if (controller) return controller.abort('pause')
      if (storedReproduction(opened.profile, id).status !== 'running') return
      const release = claim(opened.profile, id) // throws if another program holds the lock
      setStatus(opened.profile, id, 'stopped')
      release()
    },
    report: id => reportOf(opened.profile, id),
    figures: async (id, signal) => (await drawReproduction(opened, id, signal)).figures,
    save: (id, folder, signal) => save(opened, id, folder, signal),
  }
}
