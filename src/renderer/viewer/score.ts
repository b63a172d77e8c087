/** A volume's score by a source, under the mask of the view. */
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useShallow } from 'zustand/react/shallow'
import { client } from '../app/client.ts'
import { useView } from './view.ts'

/** A mask that is being dragged is not scored with. */
const STILL_MS = 400

/** `version` as for frames. A network is scored over the whole volume, which takes a while. */
export function useScore(volume: number | null, source: string | null, version: string, enabled: boolean) {
  const { mask, seed } = useView(useShallow(view => ({ mask: view.mask, seed: view.seed })))
  const key = JSON.stringify([mask, seed])
  const [still] = useDebouncedValue(key, STILL_MS)
  return useQuery({
    queryKey: ['score', volume, source, version, mask, seed],
    queryFn: ({ signal }) => client.score({ volume: volume!, source: source!, mask, seed }, { signal }),
    enabled: enabled && volume !== null && source !== null && still === key,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
}
