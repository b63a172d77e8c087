/** The engine: its installation and its examination. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import type { DeviceHealth } from '../../contract/engine.ts'
import { gigabytes, gpuInWords } from '../../presentation/devices.ts'
import { count } from '../../presentation/numbers.ts'
import { client, followWork } from '../app/client.ts'
import { useLive } from '../app/live.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { refreshAll } from '../app/refresh.ts'
import { follow, useWorks } from '../app/works.ts'
import { SettingSwitch } from './setting-switch.tsx'
import style from './settings.module.css'

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

export function EngineSection() {
  const engine = useLive(state => state.engine)
  const work = useWorks(state => state.works.find(({ title }) => title === INSTALLING))
  const [health, setHealth] = useState<readonly DeviceHealth[]>([])
  const [examining, setExamining] = useState(false)
  const examine = async () => {
    setExamining(true)
    try {
      setHealth(await client.engine.doctor())
    } catch (error) {
      tellError(error, 'The engine could not be checked')
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
          The engine is not installed. Ground truth can be viewed without it. Sub-sampled images, training and
          reconstruction need it. The installation downloads the official TensorFlow with pip (CPU: about 270 MB; CUDA:
          3.4 GB), and builds a binding and the native kernels with g++. If an earlier version left its engine, nothing
          is downloaded.
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
          {installed ? 'Repair or reinstall' : 'Install the engine'}
        </Button>
        <Button disabled={Boolean(work)} onClick={() => install('cpu')}>
          Install CPU build
        </Button>
        <Button disabled={Boolean(work)} onClick={() => install('cuda')}>
          Install CUDA build
        </Button>
        <Button onClick={examine} loading={examining} disabled={!installed}>
          Check engine
        </Button>
      </div>
      <SettingSwitch
        name="xla"
        label="Compile graphs with XLA"
        description={
          'Applies to trainings and evaluations that start from now on. XLA is not faster on a CPU. Its speed ' +
          'on a GPU has not been measured. The first step takes longer, and the last digits differ.'
        }
      />
      {health.map(each => (
        <HealthFacts key={each.label} health={each} />
      ))}
    </section>
  )
}

/** What an examination of the engine found. */
const HealthFacts = ({ health }: { health: DeviceHealth }) => (
  <dl className={style.facts}>
    <dt>Device</dt>
    <dd>
      {health.label}
      {health.doing && `, on which ${health.doing} trains`}
    </dd>
    {health.state && (
      <>
        <dt>GPU</dt>
        <dd>{gpuInWords(health.state)}</dd>
      </>
    )}
    <dt>TensorFlow</dt>
    <dd>
      {health.tensorflow} (TensorFlow.js {health.tfjs}), on {health.gpu ?? health.device}
      {health.compiler && `, graphs compiled by ${health.compiler}`}
    </dd>
    <dt>Kernels</dt>
    <dd>{health.kernels}</dd>
    <dt>Processor</dt>
    <dd>
      {health.cpu ?? 'unknown'}, {count(health.threads, 'thread')}, on {health.host}
    </dd>
    <dt>Node</dt>
    <dd>
      {health.node}, {health.platform}, {health.cores} cores
    </dd>
    <dt>Memory</dt>
    <dd>
      {gigabytes(health.memory.freeBytes)} free of {gigabytes(health.memory.totalBytes)}; the engine uses{' '}
      {gigabytes(health.memory.residentBytes)}
    </dd>
    <dt>Training</dt>
    <dd>{health.stepMs.toFixed(1)} ms per step (U-Net-8, 64 × 64, batch 1; median of 10)</dd>
    {health.notes.length > 0 && (
      <>
        <dt>Notes</dt>
        <dd>{health.notes.join(' ')}</dd>
      </>
    )}
  </dl>
)
