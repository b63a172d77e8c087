/** Where trainings run: on this machine, as Slurm jobs, or as job folders. */
import { Button, Checkbox, NumberInput, SegmentedControl } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import type { OfferedDevice } from '../../contract/engine.ts'
import { EXECUTORS, Execution, type Executor } from '../../contract/execution.ts'
import { client } from '../app/client.ts'
import { type ExecutionDraft, missingDevices, slotsFault, slotsHere, withDevice } from '../app/execution.ts'
import { useScreen } from '../app/navigation.ts'
import { tellError } from '../app/notify.tsx'
import { useDevices, useInfo, useSettings } from '../app/queries.ts'
import { refresh } from '../app/refresh.ts'
import { SchemaForm } from '../widgets/schema-form.tsx'
import { faultsOf, same } from '../widgets/settings-schema.ts'
import { ClusterCheck } from './cluster-check.tsx'
import style from './settings.module.css'
import { OF_FOLDERS, SLURM } from './slurm-schema.ts'

const EXECUTOR_LABEL: Readonly<Record<Executor, string>> = {
  local: 'This machine',
  slurm: 'Slurm cluster',
  folder: 'Job folders',
}

const EXECUTOR_WORDS: Readonly<Record<Executor, string>> = {
  local: 'Trainings run here, and stop when this program ends.',
  slurm: 'Each training is a job, which also computes its scores. Jobs go on when this program ends.',
  folder:
    'For other schedulers: each training is a folder. Start self-mri job FOLDER by any means, on any machine that ' +
    'sees the folder. The run’s page shows the folder.',
}

/** Scrolls here when a link leads here, and takes the focus. The section has its height when the settings are read. */
function useArrival(isReady: boolean) {
  const section = useRef<HTMLElement>(null)
  const detail = useScreen(state => state.detail)
  useEffect(() => {
    if (detail !== 'execution' || !isReady) return
    section.current?.scrollIntoView({ block: 'nearest' })
    section.current?.focus({ preventScroll: true })
  }, [detail, isReady])
  return section
}

export function ExecutionSection() {
  const { data: settings } = useSettings()
  const section = useArrival(settings !== undefined)
  return (
    <section ref={section} tabIndex={-1} className={style.section} aria-label="Where trainings run">
      <h2>Where trainings run</h2>
      {settings ? <Form key={JSON.stringify(settings.execution)} stored={settings.execution} /> : <div role="status" />}
    </section>
  )
}

function Form({ stored }: { stored: Execution }) {
  const [draft, setDraft] = useState<ExecutionDraft>(stored)
  const [saving, setSaving] = useState(false)
  const slurmFaults = new Map(faultsOf(SLURM, draft.slurm, 'slurm').map(({ path, text }) => [path, text]))
  const changed = !same(draft, stored)
  const faulty = slotsFault(draft) !== null || slurmFaults.size > 0
  const change = (changes: Partial<ExecutionDraft>) => setDraft(before => ({ ...before, ...changes }))
  const save = async () => {
    setSaving(true)
    try {
      await client.app.settings.set({ execution: Execution.parse(draft) })
      await refresh('settings')
    } catch (error) {
      tellError(error, 'The settings were not saved')
    } finally {
      setSaving(false)
    }
  }
  return (
    <form
      className={style.form}
      onSubmit={event => {
        event.preventDefault()
        if (changed && !faulty) void save()
      }}
    >
      <div className={style.buttons}>
        <SegmentedControl
          aria-label="Where trainings run"
          value={draft.executor}
          onChange={value => change({ executor: value as Executor })}
          data={EXECUTORS.map(value => ({ value, label: EXECUTOR_LABEL[value] }))}
        />
      </div>
      <p className="secondary">{EXECUTOR_WORDS[draft.executor]}</p>
      {draft.executor === 'local' && <Here draft={draft} onChange={change} />}
      {draft.executor !== 'local' && (
        <div className={style.wide}>
          <SchemaForm
            schema={SLURM}
            value={draft.slurm}
            onChange={slurm => change({ slurm })}
            path="slurm"
            faults={slurmFaults}
            only={draft.executor === 'folder' ? OF_FOLDERS : undefined}
          />
        </div>
      )}
      {draft.executor !== 'local' && <RunsFolder />}
      {draft.executor === 'slurm' && (
        <ClusterCheck key={JSON.stringify(draft.slurm)} settings={slurmFaults.size > 0 ? null : draft.slurm} />
      )}
      <div className={style.buttons}>
        <Button type="submit" disabled={!changed || faulty} loading={saving}>
          Save where trainings run
        </Button>
        {changed && <Button onClick={() => setDraft(stored)}>Discard changes</Button>}
        <span className="secondary" role="status">
          {changed ? 'Not saved yet.' : 'Applies to trainings that start from now on.'}
        </span>
      </div>
    </form>
  )
}

/** The folder that all machines must see. It is chosen when the program starts. */
function RunsFolder() {
  const { data: info } = useInfo()
  return (
    <p className={style.folder}>
      Folder of runs: <span className={`mono ${style.path}`}>{info?.runs}</span>.{' '}
      <span className="secondary">
        Every node must see this folder. To choose another folder, start the program with --runs FOLDER.
      </span>
    </p>
  )
}

const GPU_SLOTS_WORDS =
  'Without a number, each device has one training. Trainings that share a device also share its memory.'

const CPU_SLOTS_WORDS =
  'On a CPU more than one pays for small trainings only. Each training then has fewer threads, and another number of ' +
  'threads can give other weights.'

interface HereProps {
  readonly draft: ExecutionDraft
  readonly onChange: (changes: Partial<ExecutionDraft>) => void
}

function Here({ draft, onChange }: HereProps) {
  const id = useId()
  const { data: devices } = useDevices()
  const gpus = devices?.filter(({ kind }) => kind === 'GPU').length ?? 0
  const fault = slotsFault(draft)
  const says = fault ?? (gpus > 0 ? GPU_SLOTS_WORDS : CPU_SLOTS_WORDS)
  return (
    <>
      {devices && (gpus > 1 || draft.devices !== null) && <DeviceChoice {...{ devices, draft, onChange }} />}
      <div className={style.field}>
        <div>
          <label htmlFor={id}>Trainings at once</label>
          <p className={style.help} data-fault={fault ? '' : undefined} data-unknown={devices ? undefined : ''}>
            {says}
          </p>
        </div>
        <NumberInput
          id={id}
          aria-description={says}
          error={fault !== null}
          placeholder={devices && String(slotsHere({ slots: null, devices: draft.devices }, gpus))}
          min={1}
          max={64}
          clampBehavior="none"
          allowDecimal={false}
          value={draft.slots ?? ''}
          onChange={slots => onChange({ slots: slots === '' ? null : slots })}
        />
      </div>
    </>
  )
}

function DeviceChoice({ devices, draft, onChange }: HereProps & { devices: readonly OfferedDevice[] }) {
  const present = devices.map(({ id }) => id)
  const missing = missingDevices(draft.devices, present)
  const offered = [
    ...devices.map(({ id, label, name }) => ({ id, words: `${label}${name === null ? '' : `, ${name}`}` })),
    ...missing.map(id => ({ id, words: `${id} (does not answer)` })),
  ]
  const isChosen = (id: string) => draft.devices?.includes(id) ?? true
  return (
    <fieldset className={style.devices}>
      <legend>Devices</legend>
      {offered.map(({ id, words }) => (
        <Checkbox
          key={id}
          label={words}
          checked={isChosen(id)}
          // At least one device stays chosen.
          disabled={isChosen(id) && offered.filter(each => isChosen(each.id)).length === 1}
          onChange={() => onChange({ devices: withDevice(draft.devices, present, id) })}
        />
      ))}
    </fieldset>
  )
}
