/** What the screens read from the services. Live events refresh it. */
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { openStudy, useView } from '../viewer/view.ts'
import { client } from './client.ts'

export const useStudies = () => useQuery({ queryKey: ['studies'], queryFn: () => client.studies.list() })

const studyQuery = (study: number | null) => ({
  queryKey: ['study', study],
  queryFn: () => client.studies.get({ study: study! }),
  enabled: study !== null,
})

export const useStudy = (study: number | null) => useQuery(studyQuery(study))

/** With the state of its files as it is now, and whenever the user comes back to the window. */
export const useStudyNow = (study: number | null) =>
  useQuery({ ...studyQuery(study), refetchOnMount: 'always', refetchOnWindowFocus: 'always' })

/** The open study's number; the demonstration is opened where none is, or one that is no longer listed. */
export function useOpenStudy(): number | null {
  const { data: studies } = useStudies()
  const { data: info } = useInfo()
  const open = useView(view => view.study)
  useEffect(() => {
    if (studies && info && !studies.some(({ id }) => id === open)) openStudy(info.demonstration)
  }, [studies, info, open])
  return open
}

/** Studies that can be trained on, and the one to begin with: the open one where it is among them. */
export function useTrainable() {
  const { data: studies = [] } = useStudies()
  const open = useView(view => view.study)
  const trainable = studies.filter(({ kind }) => kind !== 'scans')
  return { trainable, first: trainable.find(({ id }) => id === open) ?? trainable[0] ?? null }
}

export const useRuns = () => useQuery({ queryKey: ['runs'], queryFn: () => client.runs.list() })

export const useRun = (run: string | null) =>
  useQuery({ queryKey: ['run', run], queryFn: () => client.runs.get({ run: run! }), enabled: run !== null })

export const useCatalogue = () =>
  useQuery({ queryKey: ['catalogue'], queryFn: () => client.catalogue(), staleTime: Number.POSITIVE_INFINITY })

/** A user's own recipes; those that ship are in the catalogue. */
export const useRecipes = () => useQuery({ queryKey: ['recipes'], queryFn: () => client.recipes.list() })

export const useReproductions = () =>
  useQuery({
    queryKey: ['reproductions'],
    queryFn: () => client.reproductions.list(),
    // Its time left changes without a word from the host.
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => status === 'running') ? 5000 : false),
  })

/** The report as it grows; the host says when there is more of it. */
export const useStudyReport = (id: number) =>
  useQuery({ queryKey: ['reproduction', id, 'report'], queryFn: () => client.reproductions.report({ id }) })

export const useStudyFigures = (id: number) =>
  useQuery({ queryKey: ['reproduction', id, 'figures'], queryFn: () => client.reproductions.figures({ id }) })

/** A network's name in words. */
export function useNetworkLabel(network: string): string {
  const { data } = useCatalogue()
  return data?.networks.find(({ id }) => id === network)?.label ?? network
}

export const useInfo = () =>
  useQuery({ queryKey: ['info'], queryFn: () => client.app.info(), staleTime: Number.POSITIVE_INFINITY })

export const isRunSource = (source: string): boolean => source.startsWith('run:')

export const runOf = (source: string, runs: readonly RunView[] | undefined): RunView | null =>
  isRunSource(source) ? (runs?.find(run => `run:${run.id}` === source) ?? null) : null

const BRIEF = 12

/** Distinguishes a volume's contents from others that the same file had before, or will have. */
export const contentOf = ({ content }: StudyVolume): string => content?.identity.slice(0, BRIEF) ?? ''

/** Distinguishes what a source shows of a volume now from what it shows of other contents, or after more training. */
export const versionOf = (volume: StudyVolume, run: RunView | null): string =>
  [contentOf(volume), run?.checkpoint?.sha256.slice(0, BRIEF)].filter(Boolean).join('-')

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
