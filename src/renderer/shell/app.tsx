/** The window: rail, screen, bottom line; dropping, the palette and the keys work everywhere. */
import { ActionIcon, Tooltip } from '@mantine/core'
import {
  IconChartLine,
  IconColumns3,
  IconFolders,
  IconKeyboard,
  IconReport,
  IconSettings,
  type TablerIcon,
} from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { goToScreen, type Screen, useScreen } from '../app/navigation.ts'
import { Compare } from '../compare/compare.tsx'
import { FeatureMaps } from '../features/feature-maps.tsx'
import { Studies } from '../studies/studies.tsx'
import { useKeys } from '../widgets/use-keys.ts'
import style from './app.module.css'
import { useDatabaseCaution } from './database-caution.ts'
import { DropTarget } from './drop-target.tsx'
import { useFoundJobs } from './found-jobs.ts'
import { KeyList } from './key-list.tsx'
import { Palette } from './palette.tsx'
import { StatusLine } from './status-line.tsx'

/** Plots are heavy: they are loaded with their screen, after the first image. */
const Runs = lazy(() => import('../runs/runs.tsx').then(module => ({ default: module.Runs })))
const Reproductions = lazy(() =>
  import('../report/reproductions.tsx').then(module => ({ default: module.Reproductions })),
)
const Settings = lazy(() => import('../settings/settings.tsx').then(module => ({ default: module.Settings })))

const RAIL: readonly { screen: Screen; label: string; icon: TablerIcon; key: string }[] = [
  { screen: 'studies', label: 'Studies', icon: IconFolders, key: '1' },
  { screen: 'runs', label: 'Runs', icon: IconChartLine, key: '2' },
  { screen: 'compare', label: 'Compare', icon: IconColumns3, key: '3' },
  { screen: 'reproductions', label: 'Reproductions', icon: IconReport, key: '4' },
  { screen: 'settings', label: 'Settings', icon: IconSettings, key: '5' },
]

export function App() {
  useDatabaseCaution()
  const screen = useScreen(state => state.screen)
  const [keys, setKeys] = useState(false)
  useFoundJobs()
  useKeys([
    ...RAIL.map(({ screen, key }) => [`alt+${key}`, () => goToScreen(screen)] as const),
    ['shift+?', () => setKeys(true)],
    ['?', () => setKeys(true)],
  ])
  return (
    <div className={style.window}>
      <nav className={style.rail} aria-label="Screens">
        {RAIL.map(({ screen: name, label, icon: Icon, key }) => (
          <Tooltip key={name} label={`${label} (Alt+${key})`} position="right">
            <ActionIcon
              className={style.railItem}
              size={40}
              aria-label={label}
              aria-current={screen === name ? 'page' : undefined}
              onClick={() => goToScreen(name)}
            >
              <Icon size={20} stroke={1.5} />
            </ActionIcon>
          </Tooltip>
        ))}
        <span className={style.spacer} />
        <Tooltip label="Keys (?)" position="right">
          <ActionIcon className={style.railItem} size={40} aria-label="Keys" onClick={() => setKeys(true)}>
            <IconKeyboard size={20} stroke={1.5} />
          </ActionIcon>
        </Tooltip>
      </nav>
      <div className={style.screen}>
        <Suspense fallback={<div role="status" aria-label="Loading" />}>
          {screen === 'studies' && <Studies />}
          {screen === 'runs' && <Runs />}
          {screen === 'compare' && <Compare />}
          {screen === 'reproductions' && <Reproductions />}
          {screen === 'settings' && <Settings />}
        </Suspense>
      </div>
      <div className={style.status}>
        <StatusLine />
      </div>
      <FeatureMaps />
      <DropTarget />
      <Palette onKeys={() => setKeys(true)} />
      <KeyList opened={keys} onClose={() => setKeys(false)} />
    </div>
  )
}
