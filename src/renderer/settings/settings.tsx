/** Settings: the engine (install, examine), the look, where things lie. */
import { Button, CopyButton, SegmentedControl, Switch, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Settings as SettingsOfProfile } from '../../contract/api.ts'
import type { EngineHealth } from '../../contract/engine.ts'
import { client, followWork } from '../app/client.ts'
import { useLive } from '../app/live.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { useInfo } from '../app/queries.ts'
import { refresh, refreshAll } from '../app/refresh.ts'
import { follow, useWorks } from '../app/works.ts'
import { gigabytes } from '../format.ts'
import style from './settings.module.css'

export function Settings() {
  return (
    <div className={style.screen}>
      <div className={style.column}>
        <h1>Settings</h1>
        <EngineSection />
        <RunsSection />
        <LookSection />
        <PlacesSection />
      </div>
    </div>
  )
}

const INSTALLING = 'Installing the engine'

async function install(variant?: 'cpu' | 'cuda'): Promise<void> {
  const state = await follow(
    INSTALLING,
    signal => progress => followWork(options => client.engine.install({ variant }, options), signal, progress),
  )
  if (!state) return
  tellDone('The engine is installed.')
  void refreshAll()
}

function EngineSection() {
  const engine = useLive(state => state.engine)
  const work = useWorks(state => state.works.find(({ title }) => title === INSTALLING))
  const [health, setHealth] = useState<EngineHealth | null>(null)
  const [examining, setExamining] = useState(false)
  const examine = async () => {
    setExamining(true)
    try {
      setHealth(await client.engine.doctor())
    } catch (error) {
      tellError(error, 'The engine could not be examined')
    } finally {
      setExamining(false)
    }
  }
  const installed = engine?.installed ?? null
  return (
    <section className={style.section} aria-label="Engine">
      <h2>Engine</h2>
      {installed ? (
        <p>
          TensorFlow {installed.tensorflow}, {installed.variant === 'cuda' ? 'CUDA build' : 'CPU build'}
          {engine?.device && `, computing on the ${engine.device}`}.
        </p>
      ) : (
        <p>
          Not installed. Ground truth can be looked at; sub-sampled images, training and reconstruction need it. The
          installation fetches the official TensorFlow through this machine’s own pip (CPU: about 270 MB; CUDA: 3.4 GB)
          and builds a small binding with g++.
        </p>
      )}
      {work && (
        <p className="secondary" role="status">
          {work.progress?.label ?? 'Starting'}{' '}
          {work.progress &&
            work.progress.total > 0 &&
            `${Math.floor((100 * work.progress.done) / work.progress.total)} %`}
        </p>
      )}
      <div className={style.buttons}>
        <Button variant={installed ? 'default' : 'filled'} disabled={Boolean(work)} onClick={() => install()}>
          {installed ? 'Mend or install again' : 'Install the engine'}
        </Button>
        <Button disabled={Boolean(work)} onClick={() => install('cpu')}>
          CPU build
        </Button>
        <Button disabled={Boolean(work)} onClick={() => install('cuda')}>
          CUDA build
        </Button>
        <Button onClick={examine} loading={examining} disabled={!installed}>
          Examine
        </Button>
      </div>
      <SettingSwitch
        name="xla"
        label="Compile graphs with XLA"
        description="For trainings and evaluations that begin from now on. It may be faster on a GPU, where it has not been measured; on a CPU it is not. The first step takes longer, and the last digits differ."
      />
      {health && (
        <dl className={style.facts}>
          <dt>TensorFlow</dt>
          <dd>
            {health.tensorflow} (TensorFlow.js {health.tfjs}), on {health.gpu ?? health.device}
            {health.compiler && `, graphs compiled by ${health.compiler}`}
          </dd>
          <dt>Node</dt>
          <dd>
            {health.node}, {health.platform}, {health.cores} cores
          </dd>
          <dt>Memory</dt>
          <dd>
            {gigabytes(health.memory.freeBytes)} free of {gigabytes(health.memory.totalBytes)}; the engine takes{' '}
            {gigabytes(health.memory.residentBytes)}
          </dd>
          <dt>Training</dt>
          <dd>{health.stepMs.toFixed(1)} ms a step (U-Net-8, 64 × 64, batch 1; median of 10)</dd>
        </dl>
      )}
    </section>
  )
}

function SettingSwitch({ name, ...words }: { name: keyof SettingsOfProfile; label: string; description: string }) {
  const { data: settings } = useQuery({ queryKey: ['settings'], queryFn: () => client.app.settings.get() })
  const change = async (on: boolean) => {
    try {
      await client.app.settings.set({ [name]: on })
      await refresh('settings')
    } catch (error) {
      tellError(error, 'The setting was not changed')
    }
  }
  return (
    <Switch
      size="xs"
      {...words}
      checked={settings?.[name] ?? false}
      disabled={!settings}
      onChange={event => change(event.currentTarget.checked)}
    />
  )
}

function RunsSection() {
  return (
    <section className={style.section} aria-label="Runs">
      <h2>Runs</h2>
      <SettingSwitch
        name="autoResume"
        label="Resume interrupted runs at start"
        description="At most three times without progress. Runs that were paused or cancelled stay so."
      />
    </section>
  )
}

function LookSection() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <section className={style.section} aria-label="Look">
      <h2>Look</h2>
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
    <section className={style.section} aria-label="Places">
      <h2>Where things lie</h2>
      <dl className={style.facts}>
        <dt>Profile</dt>
        <dd>
          <Path path={info.profile} /> (database, checkpoints)
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
      <span className={`mono ${style.path}`}>{path}</span>{' '}
      <CopyButton value={path}>
        {({ copied, copy }) => (
          <Button size="compact-xs" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </>
  )
}
