/** A volume's score by a source, under the mask of the view. */
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useShallow } from 'zustand/react/shallow'
import { classicalSource } from '../../contract/classical.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { client, followWork, type WorkProgress } from '../app/client.ts'
import { queries } from '../app/refresh.ts'
import { follow, useWorks } from '../app/works.ts'
import type { PaneState } from './sources.ts'
import { versionOf } from './versions.ts'
import { useView, type View } from './view.ts'

/** A mask that is being dragged is not scored with. */
const STILL_MS = 400

type Scored = Pick<PaneState, 'source' | 'run'>

const keyOf = ({ source, run }: Scored, volume: StudyVolume, { mask, seed }: Pick<View, 'mask' | 'seed'>) => [
  'score',
  volume.id,
  source,
  versionOf(volume, run),
  mask,
  seed,
]

const ask = (
  { source }: Scored,
  volume: StudyVolume,
  { mask, seed }: Pick<View, 'mask' | 'seed'>,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void = () => {},
) =>
  followWork(options => client.score({ volume: volume.id, source: source!, mask, seed }, options), signal, onProgress)

/** A classical method is scored only if the user asks for it (`scoreVolume`), because it takes minutes. */
export function useScore(scored: Scored, volume: StudyVolume, enabled: boolean) {
  const view = useView(useShallow(({ mask, seed }) => ({ mask, seed })))
  const { source } = scored
  const key = JSON.stringify([view.mask, view.seed])
  const [still] = useDebouncedValue(key, STILL_MS)
  const onDemand = source !== null && classicalSource(source) !== null
  const queryKey = keyOf(scored, volume, view)
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => ask(scored, volume, view, signal),
    enabled: enabled && source !== null && !onDemand && still === key,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: onDemand ? Number.POSITIVE_INFINITY : undefined,
    retry: false,
  })
  const work = useWorks(({ works }) => works.find(each => each.key === JSON.stringify(queryKey)) ?? null)
  return { ...query, onDemand, work }
}

/** The end of the score that was asked for last: a browser opens few connections to a host. */
let previous: Promise<unknown> = Promise.resolve()

/** Once the scores before it have ended. A cancelled score does not wait. */
function inTurn<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  const cancelled = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const mine = Promise.race([previous, cancelled]).then(work)
  previous = Promise.allSettled([previous, mine])
  return mine
}

/** Scores a volume by a classical method. Its score, or why it failed, stays until the window is closed. */
export async function scoreVolume(scored: Scored, volume: StudyVolume, name: string): Promise<void> {
  const { mask, seed } = useView.getState()
  const queryKey = keyOf(scored, volume, { mask, seed })
  const key = JSON.stringify(queryKey)
  if (useWorks.getState().works.some(each => each.key === key)) return
  let isCancelled = () => false
  await follow(
    `Scoring ${volume.file} by ${name}`,
    signal => onProgress => {
      isCancelled = () => signal.aborted
      return queries.current!.fetchQuery({
        queryKey,
        queryFn: () => inTurn(signal, () => ask(scored, volume, { mask, seed }, signal, onProgress)),
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: Number.POSITIVE_INFINITY,
        retry: false,
      })
    },
    'slices',
    key,
  )
  if (isCancelled()) await queries.current!.resetQueries({ queryKey, exact: true })
}
