/** Tunes a classical method on the study's validation patients, under the mask of the comparison. */
import { Button, Progress, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ClassicalId } from '../../contract/classical.ts'
import type { Study } from '../../contract/studies.ts'
import { CRITERIA, type Criterion, MOST_ITERATION_COUNTS, type NamedSettings } from '../../contract/tuning.ts'
import { count } from '../../presentation/numbers.ts'
import { maskInWords } from '../../presentation/protocol.ts'
import { CRITERION_LABELS } from '../../presentation/tuning.ts'
import { goToScreen } from '../app/navigation.ts'
import { clock } from '../app/progress.ts'
import { useWorks, type Work, workSecondsLeft } from '../app/works.ts'
import { closeSettings } from '../viewer/open-settings.ts'
import { useView } from '../viewer/view.ts'
import { listFrom } from '../widgets/settings-schema.ts'
import { tuneOn, tuningTitle } from './classical-actions.ts'
import style from './classical-dialog.module.css'

interface Props {
  readonly study: Study
  readonly method: ClassicalId
  /** The other settings are of these. */
  readonly config: NamedSettings['config']
  readonly onTuned: (saved: NamedSettings) => void
}

export function Tune(props: Props) {
  const { study, method } = props
  const title = tuningTitle(method, study.name)
  const work = useWorks(({ works }) => works.find(each => each.title === title))
  const volumes = study.volumes.filter(({ role }) => role === 'val')
  const patients = new Set(volumes.map(({ patient }) => patient)).size
  if (patients === 0) return <NobodyToTuneOn name={study.name} />
  return (
    <>
      <h2>Tune on {study.name}</h2>
      <p className="secondary">
        Finds λ and the number of iterations on {count(patients, 'validation patient')} (
        {count(volumes.length, 'volume')}). Training and test patients are not opened.
      </p>
      {work ? <Tuning work={work} /> : <TuneForm {...props} />}
    </>
  )
}

const NobodyToTuneOn = ({ name }: { name: string }) => (
  <div className={style.empty}>
    <h2>No validation patients</h2>
    <p>
      “{name}” has no validation patients. λ must not be found on the patients that are trained on or tested. Import a
      study of at least three patients, or a folder with a subfolder named val.
    </p>
    <Button
      onClick={() => {
        closeSettings()
        goToScreen('studies')
      }}
    >
      Go to studies
    </Button>
  </div>
)

const SLICES = { middle: 'the middle slice of each volume', all: 'all slices' } as const

function TuneForm({ study, method, config, onTuned }: Props) {
  const mask = useView(view => view.mask)
  const [criterion, setCriterion] = useState<Criterion>(CRITERIA[0])
  const [slices, setSlices] = useState<keyof typeof SLICES>('middle')
  const [text, setText] = useState('')
  const iterations = listFrom(text)
  const good =
    iterations.length <= MOST_ITERATION_COUNTS &&
    iterations.every(each => Number.isInteger(each) && Number(each) >= 1 && Number(each) <= 1000)
  const start = async () => {
    const saved = await tuneOn(study.name, {
      ...{ study: study.id, classical: method, config, mask, criterion, slices: { kind: slices } },
      ...(iterations.length > 0 && { iterations: iterations as number[] }),
    })
    if (saved) onTuned(saved)
  }
  return (
    <form
      className={style.form}
      onSubmit={event => {
        event.preventDefault()
        if (good) void start()
      }}
    >
      <p className={style.fact}>
        <span className="secondary">Mask</span> {maskInWords(mask)}, as in the comparison
      </p>
      <Select
        label="Best is"
        data={CRITERIA.map(value => ({
          value,
          label: `${value === 'foreground-ssim' ? 'highest' : 'lowest'} ${CRITERION_LABELS[value]}`,
        }))}
        value={criterion}
        onChange={value => value && setCriterion(value as Criterion)}
        allowDeselect={false}
      />
      <Select
        label="Slices"
        data={Object.entries(SLICES).map(([value, label]) => ({ value, label }))}
        value={slices}
        onChange={value => value && setSlices(value as keyof typeof SLICES)}
        allowDeselect={false}
      />
      <TextInput
        label="Iterations to try"
        placeholder="a sixth, a third, two thirds and all of the default number"
        value={text}
        error={good ? undefined : `Expected at most ${MOST_ITERATION_COUNTS} whole numbers from 1 to 1000: 5, 10, 30`}
        onChange={event => setText(event.currentTarget.value)}
      />
      <div className={style.actions}>
        <Button type="submit" variant="filled" disabled={!good}>
          Tune on validation patients
        </Button>
      </div>
    </form>
  )
}

function Tuning({ work }: { work: Work }) {
  const { progress, cancel, cancelling } = work
  const share = progress && progress.total > 0 ? progress.done / progress.total : 0
  const left = workSecondsLeft(work, Date.now())
  return (
    <div className={style.tuning}>
      <Progress value={100 * share} aria-label="Progress of the tuning" />
      <p className={style.progressWords}>
        {progress && progress.total > 0 ? `${Math.floor(progress.done)} of ${Math.ceil(progress.total)}` : 'Starting …'}
        {left === null ? '' : `, ${clock(left)} left`}
        <span className={style.values}>{progress?.label}</span>
      </p>
      <div className={style.actions}>
        <Button disabled={cancelling} onClick={cancel}>
          {cancelling ? 'Cancelling …' : 'Cancel tuning'}
        </Button>
      </div>
      <p className="secondary">Computed points are kept. A tuning that was cancelled continues where it was.</p>
    </div>
  )
}
