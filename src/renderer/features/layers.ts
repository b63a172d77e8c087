/** Which volume, layers and maps are shown, and the keys that go through them. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { FeatureMeta, FRAME_HEADER, featuresPath } from '../../contract/images.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { useStudies, useStudy } from '../app/queries.ts'
import { failureOf } from '../viewer/frame-parts.ts'
import { versionOf } from '../viewer/versions.ts'
import { goToSlice, openVolume, useView } from '../viewer/view.ts'

/** The open volume; where none is open, the first test volume of the run's study. */
export function useVolume(run: RunView): StudyVolume | null {
  const { data: studies } = useStudies()
  const chosen = useView(view => view.study)
  const volumeId = useView(view => view.volume)
  const { data: study } = useStudy(chosen ?? studies?.find(({ name }) => name === run.study)?.id ?? null)
  const volume = study?.volumes.find(({ id }) => id === volumeId) ?? null
  useEffect(() => {
    if (!study || volume) return
    const first = study.volumes.find(({ role }) => role === 'test') ?? study.volumes[0]
    if (first) openVolume(study.id, first)
  }, [study, volume])
  return volume
}

async function download(url: string, signal: AbortSignal) {
  const response = await fetch(url, { signal })
  if (!response.ok) throw await failureOf(response)
  const meta = FeatureMeta.parse(JSON.parse(response.headers.get(FRAME_HEADER)!))
  return { meta, values: new Float32Array(await response.arrayBuffer()) }
}

export function useMaps(run: RunView, volume: StudyVolume | null, slice: number, layer: string | null) {
  const mask = useView(view => view.mask)
  const seed = useView(view => view.seed)
  const url = volume && layer !== null ? featuresPath(volume.id, slice, run.id, layer, mask, seed) : null
  return useQuery({
    queryKey: ['features', url, volume && versionOf(volume, run)],
    queryFn: ({ signal }) => download(url!, signal),
    enabled: url !== null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000, // tens of megabytes each
    retry: false,
  })
}

/** Left and right through layers, up and down through slices, Escape out of the enlarged map. */
export function useLayerKeys(go: (by: number) => void, slices: number, leave: (() => void) | null): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const list =
        event.target instanceof Element && event.target.closest('[aria-haspopup="listbox"], [role="listbox"]')
      const step = (by: number) => goToSlice(useView.getState().slice + by, slices)
      if (event.key === 'ArrowLeft') go(-1)
      else if (event.key === 'ArrowRight') go(1)
      else if (event.key === 'ArrowUp' && !list) step(-1)
      else if (event.key === 'ArrowDown' && !list) step(1)
      else if (event.key === 'Escape' && leave && !list) leave()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}
