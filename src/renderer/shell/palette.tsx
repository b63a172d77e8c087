/** The command palette, on Ctrl+K. */
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import '@mantine/spotlight/styles.css'
import type { RunView } from '../../contract/runs.ts'
import { runLabel, STATUS_LABEL } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { showFeatures } from '../app/open-features.ts'
import { useRuns, useStudies, useStudy } from '../app/queries.ts'
import { cancelRun, pauseRun, resumeRun } from '../app/run-actions.ts'
import { pauseInWords } from '../app/run-job.ts'
import { openStudy, openVolume, resetView, useView } from '../viewer/view.ts'

/** What can be done with a run as it is now. */
const runActions = (run: RunView): SpotlightActionData[] => [
  ...(pauseInWords(run) !== null && !run.elsewhere
    ? [{ id: `pause ${run.id}`, label: `Pause run ${run.id}`, onClick: () => void pauseRun(run) }]
    : []),
  ...((run.status === 'running' || run.status === 'queued') && !run.elsewhere
    ? [{ id: `cancel ${run.id}`, label: `Cancel run ${run.id}`, onClick: () => void cancelRun(run) }]
    : []),
  ...(run.checkpoint
    ? [
        {
          id: `features ${run.id}`,
          label: `Show feature maps of run ${run.id}`,
          onClick: () => showFeatures(run.id),
        },
      ]
    : []),
  ...(run.resumable
    ? [{ id: `resume ${run.id}`, label: `Resume run ${run.id}`, onClick: () => void resumeRun(run) }]
    : []),
]

export function Palette({ onKeys }: { onKeys: () => void }) {
  const { data: studies = [] } = useStudies()
  const { data: runs = [] } = useRuns()
  const { data: study } = useStudy(useView(view => view.study))
  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Commands',
      actions: [
        { id: 'pretrain', label: 'Pre-train a network', onClick: () => goToScreen('runs', 'pretrain') },
        { id: 'baseline', label: 'Train a baseline', onClick: () => goToScreen('runs', 'baseline') },
        { id: 'reproduce', label: 'Reproduce the original work', onClick: () => goToScreen('reproductions', 'new') },
        {
          id: 'reproductions',
          label: 'Show reproductions: tables, figures',
          onClick: () => goToScreen('reproductions'),
        },
        { id: 'compare', label: 'Compare images', onClick: () => goToScreen('compare') },
        { id: 'studies', label: 'Browse studies', onClick: () => goToScreen('studies') },
        {
          id: 'errors',
          label: 'Switch between images and error maps',
          onClick: () => useView.setState(view => ({ errors: !view.errors })),
        },
        { id: 'fit', label: 'Fit image and window', onClick: resetView },
        { id: 'settings', label: 'Open settings: engine, appearance, folders', onClick: () => goToScreen('settings') },
        {
          id: 'execution',
          label: 'Choose where trainings run: devices, Slurm',
          onClick: () => goToScreen('settings', 'execution'),
        },
        { id: 'keys', label: 'Show keys', onClick: onKeys },
        ...runs.flatMap(runActions),
      ],
    },
    {
      group: 'Studies',
      actions: studies.map(({ id, name }) => ({
        id: `study ${id}`,
        label: name,
        onClick: () => {
          openStudy(id)
          goToScreen('compare')
        },
      })),
    },
    {
      group: 'Volumes',
      actions: (study?.volumes ?? []).map(volume => ({
        id: `volume ${volume.id}`,
        label: volume.file,
        onClick: () => {
          openVolume(study!.id, volume)
          goToScreen('compare')
        },
      })),
    },
    {
      group: 'Runs',
      actions: runs.toReversed().map(run => ({
        id: `run ${run.id}`,
        label: `Run ${run.id}, ${runLabel(run)}`,
        description: `${STATUS_LABEL[run.status]} · ${run.study}`,
        onClick: () => goToScreen('runs', run.id),
      })),
    },
  ]
  return (
    <Spotlight
      actions={groups.filter(({ actions }) => actions.length > 0)}
      shortcut={['mod + K']}
      tagsToIgnore={[]}
      nothingFound="Nothing found"
      highlightQuery
      limit={12}
      scrollable
      maxHeight={420}
      overlayProps={{ blur: 0 }}
      transitionProps={{ duration: 120 }}
      searchProps={{ placeholder: 'Command, study, volume or run' }}
    />
  )
}
