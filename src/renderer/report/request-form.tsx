/** The form that requests a reproduction: study, scale, seeds and methods, with an estimate of its trainings. */

import { Button, Checkbox, NumberInput, SegmentedControl, Select, Switch } from '@mantine/core'
import { type Dispatch, type SetStateAction, useState } from 'react'
import type { Catalogue } from '../../contract/catalogue.ts'
import { originOfAll } from '../../contract/origin.ts'
import type { Scale } from '../../contract/reproduction.ts'
import { mayHaveTruth } from '../../contract/volumes.ts'
import { useCatalogue, useNamedSettings, useStudy } from '../app/queries.ts'
import { OriginBadge } from '../viewer/badges.tsx'
import { useTrainable } from '../viewer/open-study.ts'
import { WhereLine } from '../widgets/where-line.tsx'
import { startReproduction } from './actions.ts'
import { ClassicalChoice } from './classical-choice.tsx'
import { classicalEstimate, classicalSources, hasSeveralCoils, USUAL_SOURCES } from './classical-sources.ts'
import { estimate } from './estimate.ts'
import { blockNetworks, NetworkChoice } from './network-choice.tsx'
import style from './request-form.module.css'

const SCALE_WORDS: Readonly<Record<Scale, string>> = {
  demonstration: 'The workstation recipes, reduced to 25 minutes on two cores. The report lists every reduction.',
  workstation: 'Smaller networks, crops and batches than in the original work. The report lists every reduction.',
  full: 'The original settings.',
}

export function RequestForm({ first }: { first: boolean }) {
  const { first: firstStudy } = useTrainable()
  const { data: catalogue } = useCatalogue()
  const { data: named = [] } = useNamedSettings()
  const [chosenStudy, setStudy] = useState<number | null>(null)
  const study = chosenStudy ?? firstStudy?.id ?? null
  const { data } = useStudy(study)
  const [scale, setScale] = useState<Scale>('demonstration')
  const [seeds, setSeeds] = useState<number | string>(1)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [chosenSources, setSources] = useState<readonly string[] | null>(null)
  const [networks, setNetworks] = useState<readonly string[]>([])
  const [leaveOneOut, setLeaveOneOut] = useState(false)
  const [headline, setHeadline] = useState(false)
  const [starting, setStarting] = useState(false)
  if (!catalogue) return <div role="status" aria-label="Loading" />
  const sources = classicalSources(catalogue, named)
  const severalCoils = data !== undefined && hasSeveralCoils(data)
  const chosen = severalCoils ? sources.filter(({ source }) => (chosenSources ?? USUAL_SOURCES).includes(source)) : []
  const methods = catalogue.methods.map(({ id }) => id).filter(id => !left.has(id))
  const patients = data
    ? new Set(data.volumes.flatMap(volume => (mayHaveTruth(volume) ? [volume.patient] : []))).size
    : null
  const seedsFault = Number.isInteger(seeds) && Number(seeds) >= 1 && Number(seeds) <= 20 ? null : '1 to 20'
  const wanted = { scale, seeds: Number(seeds) || 1, methods, networks, leaveOneOut, headline, patients }
  const { trains, takes } = estimate(wanted, catalogue)
  const adds = data ? classicalEstimate(chosen, data, leaveOneOut) : ''
  const ready = study !== null && methods.length > 0 && seedsFault === null
  const start = async () => {
    setStarting(true)
    await startReproduction({
      study: study!,
      scale,
      seeds: Number(seeds),
      ...(left.size > 0 && { methods }),
      ...(chosen.length > 0 && { classical: chosen.map(({ source }) => source) }),
      ...(networks.length > 0 && { networks: [...networks] }),
      leaveOneOut,
      headline,
    })
    setStarting(false)
  }
  return (
    <section className={style.page} aria-label="Reproduce the original work">
      <form
        className={style.column}
        onSubmit={event => {
          event.preventDefault()
          if (ready) void start()
        }}
      >
        <Introduction first={first} />
        <StudyAndSeeds {...{ study, setStudy, seeds, setSeeds, seedsFault }} />
        <ScaleChoice {...{ scale, setScale }} />
        <MethodChoice all={catalogue.methods} {...{ left, setLeft }} />
        <ClassicalChoice
          sources={sources}
          enabled={severalCoils}
          chosen={chosen.map(({ source }) => source)}
          setChosen={setSources}
        />
        <NetworkChoice all={blockNetworks(catalogue)} chosen={networks} setChosen={setNetworks} />
        <Extent {...{ leaveOneOut, setLeaveOneOut, headline, setHeadline, patients }} />
        <div className={style.estimate} role="status">
          <p>{methods.length > 0 ? trains : 'Nothing to train.'}</p>
          <p>{methods.length > 0 ? `${takes} ${adds}` : ''}</p>
        </div>
        <WhereLine />
        <div>
          <Button type="submit" variant="filled" loading={starting} disabled={!ready}>
            Reproduce the original work
          </Button>
        </div>
      </form>
    </section>
  )
}

const Introduction = ({ first }: { first: boolean }) => (
  <header className={style.intro}>
    <h2>Reproduce the original work</h2>
    <p>
      Trains every row of the original work on a study: a baseline from scratch, and each method’s pre-training and
      fine-tuning. A control repeats each fine-tuning from the same seed without pre-training. The report shows Table 1,
      Figures 1 to 3, and each method’s gain with its uncertainty.
    </p>
    {first && (
      <p>The reproduction runs in the queue. You can stop and resume it at any time. No row is computed twice.</p>
    )}
  </header>
)

function StudyAndSeeds(props: {
  study: number | null
  setStudy: (study: number) => void
  seeds: number | string
  setSeeds: (seeds: number | string) => void
  seedsFault: string | null
}) {
  const { study, setStudy, seeds, setSeeds, seedsFault } = props
  const { trainable } = useTrainable()
  const { data } = useStudy(study)
  return (
    <>
      <div className={style.fields}>
        <Select
          label="Study"
          data={trainable.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={study === null ? null : String(study)}
          onChange={value => value && setStudy(Number(value))}
          allowDeselect={false}
        />
        <NumberInput
          className={style.seeds}
          label="Seeds"
          error={seedsFault !== null}
          min={1}
          max={20}
          clampBehavior="none"
          allowDecimal={false}
          value={seeds}
          onChange={setSeeds}
        />
        {data && <OriginBadge origin={originOfAll(data.volumes)} />}
      </div>
      {seedsFault && <p className={style.fault}>Expected a whole number of seeds, {seedsFault}.</p>}
    </>
  )
}

const ScaleChoice = ({ scale, setScale }: { scale: Scale; setScale: (scale: Scale) => void }) => (
  <div className={style.field}>
    <span className={style.label} id="scale">
      Scale
    </span>
    <SegmentedControl
      aria-labelledby="scale"
      value={scale}
      onChange={value => setScale(value as Scale)}
      data={[
        { value: 'demonstration', label: 'Demonstration' },
        { value: 'workstation', label: 'Workstation' },
        { value: 'full', label: 'Full' },
      ]}
    />
    <p className={style.help}>{SCALE_WORDS[scale]}</p>
  </div>
)

/** @param left methods that the user has unchecked */
function MethodChoice(props: {
  all: Catalogue['methods']
  left: ReadonlySet<string>
  setLeft: Dispatch<SetStateAction<ReadonlySet<string>>>
}) {
  const { all, left, setLeft } = props
  const toggle = (id: string) =>
    setLeft(before => {
      const next = new Set(before)
      if (!next.delete(id)) next.add(id)
      return next
    })
  return (
    <fieldset className={style.field}>
      <legend className={style.label}>Methods</legend>
      <div className={style.methods}>
        {all.map(({ id, label }) => (
          <Checkbox key={id} label={label} checked={!left.has(id)} onChange={() => toggle(id)} />
        ))}
      </div>
      {all.every(({ id }) => left.has(id)) && <p className={style.fault}>Choose at least one method.</p>}
    </fieldset>
  )
}

function Extent(props: {
  leaveOneOut: boolean
  setLeaveOneOut: (on: boolean) => void
  headline: boolean
  setHeadline: (on: boolean) => void
  patients: number | null
}) {
  const { leaveOneOut, setLeaveOneOut, headline, setHeadline, patients } = props
  const everyone = patients === null ? 'Every patient' : `Each of the ${patients} patients`
  return (
    <>
      <Switch
        size="xs"
        label="Leave one patient out"
        description={
          `${everyone} is the test patient once, and another patient chooses the checkpoint. ` +
          'If off: the split of the study.'
        }
        checked={leaveOneOut}
        onChange={event => setLeaveOneOut(event.currentTarget.checked)}
      />
      <Switch
        size="xs"
        label="Headline only"
        description="Only baselines, fine-tunings and controls. Omits milestones, controls of equal time, few labels."
        checked={headline}
        onChange={event => setHeadline(event.currentTarget.checked)}
      />
    </>
  )
}
