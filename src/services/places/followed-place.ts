/** The place of a training whose job goes on: the job, until the training continues on this machine. */
import type { Engine } from '../../engine/process/client.ts'
import type { Calls } from '../../engine/process/protocol.ts'
import type { Place } from './place.ts'

/**
 * @param job The place of the job.
 * @param takeHere Takes a slot of this machine.
 * @param before See `JobEngine.before`.
 */
export function followedPlace(job: Place, takeHere: () => Promise<Place>, before: (local: Engine) => Engine): Place {
  let here: Place | null = null
  let run: string | null = null
  async function takeSlot(): Promise<Place> {
    const taken = await takeHere()
    job.release()
    if (run !== null) taken.name(run)
    here = taken
    return taken
  }
  const call: Engine['call'] = async (name, params, options) => {
    const { engine, notes } = here ?? (await takeSlot())
    const { notes: others } = params as Partial<Calls['train']['params']>
    return engine.call(name, others ? { ...params, notes: [...others, ...notes] } : params, options)
  }
  const now = () => here ?? job
  return {
    get slot() {
      return now().slot
    },
    get label() {
      return now().label
    },
    get isRemote() {
      return here === null
    },
    engine: before({ call, dead: false, pid: undefined, dispose() {} }),
    notes: [],
    name(each) {
      run = each
      here?.name(each)
    },
    release: () => now().release(),
  }
}
