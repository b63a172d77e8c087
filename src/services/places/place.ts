/** A place where one training computes: a device of this machine, or a job. */
import type { Note } from '../../contract/notes.ts'
import type { Engine } from '../../engine/process/client.ts'

export interface TakeOptions {
  readonly signal?: AbortSignal
  /** Called with the words that follow “waiting for”, and again when the words change. */
  readonly onWait?: (words: string) => void
  /** Throws `DEVICE_BUSY` instead of waiting. */
  readonly noWait?: boolean
  /** A run that had a place before. Its slot is taken if the slot is free. */
  readonly prefer?: string
  /** The run that is to be trained. If its job goes on, the place is that job. */
  readonly run?: string
}

export interface Place {
  /** Counted from 0. Places that are taken at the same time have different slots. */
  readonly slot: number
  /** The place for users, such as `CPU` or `GPU 2`. */
  readonly label: string
  /** Trains and scores at this place. */
  readonly engine: Engine
  /**
   * Whether `engine` makes or follows jobs. A job may wait in another queue before it begins. Changes to `false` if the
   * training continues on this machine after its job has ended.
   */
  readonly isRemote: boolean
  /** Notes for the training that begins here, for example on another program that uses the device. */
  readonly notes: readonly Note[]
  /** Names the run that holds the place, to processes that wait. */
  name(run: string): void
  release(): void
}

/** Takes a place when `work` first asks for the place. Releases the place after `work`. */
export async function withPlace<T>(
  engines: { take(options: TakeOptions): Promise<Place> },
  options: TakeOptions,
  work: (place: () => Promise<Place>) => Promise<T>,
): Promise<T> {
  const taken: Promise<Place>[] = []
  const place = () => {
    if (taken.length === 0) taken.push(engines.take(options))
    return taken[0]
  }
  try {
    return await work(place)
  } finally {
    for (const { status, value } of (await Promise.allSettled(taken)) as PromiseFulfilledResult<Place>[])
      if (status === 'fulfilled') value.release()
  }
}
