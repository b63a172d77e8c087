/** What the screens read from the services. Live events refresh it. */
import { useQuery } from '@tanstack/react-query'
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

export const useRuns = () => useQuery({ queryKey: ['runs'], queryFn: () => client.runs.list() })

export const useRun = (run: string | null) =>
  useQuery({ queryKey: ['run', run], queryFn: () => client.runs.get({ run: run! }), enabled: run !== null })

export const useCatalogue = () =>
  useQuery({ queryKey: ['catalogue'], queryFn: () => client.catalogue(), staleTime: Number.POSITIVE_INFINITY })

/** A user's own recipes; those that ship are in the catalogue. */
export const useRecipes = () => useQuery({ queryKey: ['recipes'], queryFn: () => client.recipes.list() })

/** Settings of classical methods that the user named. */
export const useNamedSettings = () => useQuery({ queryKey: ['classical'], queryFn: () => client.classical.list() })

export const useReproductions = () =>
  useQuery({
    queryKey: ['reproductions'],
    queryFn: () => client.reproductions.list(),
    // Its time left changes without a word from the host.
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => status === 'running') ? 5000 : false),
  })

/** The report as it grows; the host says when there is more of it. */
export const useReproductionReport = (id: number) =>
  useQuery({ queryKey: ['reproduction', id, 'report'], queryFn: () => client.reproductions.report({ id }) })

export const useReproductionFigures = (id: number) =>
  useQuery({ queryKey: ['reproduction', id, 'figures'], queryFn: () => client.reproductions.figures({ id }) })

/** A network's name in words. */
export function useNetworkLabel(network: string): string {
  const { data } = useCatalogue()
  return data?.networks.find(({ id }) => id === network)?.label ?? network
}

export const useSettings = () => useQuery({ queryKey: ['settings'], queryFn: () => client.app.settings.get() })

/** The devices of this machine that the settings can choose. */
export const useDevices = () => useQuery({ queryKey: ['devices'], queryFn: () => client.engine.devices() })

export const useInfo = () =>
  useQuery({ queryKey: ['info'], queryFn: () => client.app.info(), staleTime: Number.POSITIVE_INFINITY })
