/** Settings: the engine (install, examine), where trainings run, the look, the folders. */
import { SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { CopyAction } from '../app/copy-action.tsx'
import { useInfo } from '../app/queries.ts'
import { EngineSection } from './engine-section.tsx'
import { ExecutionSection } from './execution-section.tsx'
import { SettingSwitch } from './setting-switch.tsx'
import style from './settings.module.css'

export function Settings() {
  return (
    <div className={style.screen}>
      <div className={style.column}>
        <h1>Settings</h1>
        <EngineSection />
        <ExecutionSection />
        <RunsSection />
        <LookSection />
        <PlacesSection />
      </div>
    </div>
  )
}

function RunsSection() {
  return (
    <section className={style.section} aria-label="Runs">
      <h2>Runs</h2>
      <SettingSwitch
        name="autoResume"
        label="Resume interrupted runs at start"
        description="At most three times without progress. Paused and cancelled runs are not resumed."
      />
    </section>
  )
}

function LookSection() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <section className={style.section} aria-label="Appearance">
      <h2>Appearance</h2>
      <div className={style.buttons}>
        <SegmentedControl
          aria-label="Theme"
          value={colorScheme}
          onChange={value => setColorScheme(value as 'dark' | 'light')}
          data={[
            { value: 'dark', label: 'Dark' },
            { value: 'light', label: 'Light' },
          ]}
        />
        <span className="secondary">Images stay on a neutral dark ground.</span>
      </div>
    </section>
  )
}

function PlacesSection() {
  const { data: info } = useInfo()
  if (!info) return null
  return (
    <section className={style.section} aria-label="Folders and version">
      <h2>Folders and version</h2>
      <dl className={style.facts}>
        <dt>Profile</dt>
        <dd>
          <Path path={info.profile} /> (database)
        </dd>
        <dt>Runs</dt>
        <dd>
          <Path path={info.runs} /> (checkpoints; chosen with --runs)
        </dd>
        <dt>Cache</dt>
        <dd>
          <Path path={info.cache} /> (engine; shared by all checkouts)
        </dd>
        <dt>Version</dt>
        <dd>
          {info.version}, {info.platform}
        </dd>
      </dl>
    </section>
  )
}

function Path({ path }: { path: string }) {
  return (
    <>
      <span className={`mono ${style.path}`}>{path}</span> <CopyAction value={path} size="compact-xs" />
    </>
  )
}
