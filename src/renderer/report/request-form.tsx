/** Asking for a reproduction: on which study, at which scale, over how many seeds, and what that will compute. */
import { Button, Checkbox, NumberInput, SegmentedControl, Select, Switch } from '@mantine/core'
import { useState } from 'react'
import type { Scale } from '../../contract/reproduction.ts'
import { useCatalogue, useStudy } from '../app/queries.ts'
import { SyntheticBadge } from '../viewer/badges.tsx'
import { useTrainable } from '../viewer/open-study.ts'
import { startReproduction } from './actions.ts'
import { estimate } from './estimate.ts'
import style from './request-form.module.css'

const SCALE_WORDS: Readonly<Record<Scale, string>> = {
  demonstration: 'The workstation recipes, cut to fit 25 minutes on two cores. All that is smaller is listed.',
  workstation: 'The workstation recipes: smaller networks, crops and batches. All that is smaller is listed.',
  full: 'The original settings.',
}

export function RequestForm({ first }: { first: boolean }) {
  const { trainable, first: firstStudy } = useTrainable()
  const { data: catalogue } = useCatalogue()
  const [chosenStudy, setStudy] = useState<number | null>(null)
  const study = chosenStudy ?? firstStudy?.id ?? null
  const { data } = useStudy(study)
  const [scale, setScale] = useState<Scale>('demonstration')
  const [seeds, setSeeds] = useState<number | string>(1)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [leaveOneOut, setLeaveOneOut] = useState(false)
  const [headline, setHeadline] = useState(false)
  const [starting, setStarting] = useState(false)
  if (!catalogue) return <div role="status" aria-label="Loading" />
  const methods = catalogue.methods.map(({ id }) => id).filter(id => !left.has(id))
  const patients = data
    ? new Set(data.volumes.flatMap(({ patient, targetShape }) => (targetShape ? [patient] : []))).size
    : null
  const seedsFault = Number.isInteger(seeds) && Number(seeds) >= 1 && Number(seeds) <= 20 ? null : '1 to 20'
  const wanted = { scale, seeds: Number(seeds) || 1, methods, leaveOneOut, headline, patients }
  const { trains, takes } = estimate(wanted, catalogue)
  const ready = study !== null && methods.length > 0 && seedsFault === null
  const start = async () => {
    setStarting(true)
    await startReproduction({
      study: study!,
      scale,
      seeds: Number(seeds),
      ...(left.size > 0 && { methods }),
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
        <header className={style.intro}>
          <h2>Reproduce the original work</h2>
          <p>
            Trains every row of the original work on a study: the baseline from scratch, each method’s pre-training and
            fine-tuning, and beside each the control, the same fine-tuning from the same seed without pre-training.
            Table 1 and Figures 1 to 3 come of it, with the gains and how sure they are.
          </p>
          {first && (
            <p>
              It runs in the queue like any training, can be stopped, and goes on where it was: no row is computed
              twice.
            </p>
          )}
        </header>
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
          {data?.volumes.some(({ synthetic }) => synthetic) && <SyntheticBadge />}
        </div>
        {seedsFault && <p className={style.fault}>Expected a whole number of seeds, {seedsFault}.</p>}
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
        <fieldset className={style.field}>
          <legend className={style.label}>Methods</legend>
          <div className={style.methods}>
            {catalogue.methods.map(({ id, label }) => (
              <Checkbox
                key={id}
                label={label}
                checked={!left.has(id)}
                onChange={() =>
                  setLeft(before => {
                    const next = new Set(before)
                    if (!next.delete(id)) next.add(id)
                    return next
                  })
                }
              />
            ))}
          </div>
          {methods.length === 0 && <p className={style.fault}>Choose one method at least.</p>}
        </fieldset>
        <Switch
          size="xs"
          label="Leave one patient out"
          description={`Every patient is the test patient once, and another chooses the checkpoint${patients === null ? '' : `; ${patients} patients here`}. Else the study’s own roles.`}
          checked={leaveOneOut}
          onChange={event => setLeaveOneOut(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Headline only"
          description="Baselines, fine-tunings and their controls: no milestones, no control of equal time, no few labels."
          checked={headline}
          onChange={event => setHeadline(event.currentTarget.checked)}
        />
        <div className={style.estimate} role="status">
          <p>{methods.length > 0 ? trains : 'Nothing to train.'}</p>
          <p>{methods.length > 0 ? takes : ''}</p>
        </div>
        <div>
          <Button type="submit" variant="filled" loading={starting} disabled={!ready}>
            Reproduce the original work
          </Button>
        </div>
      </form>
    </section>
  )
}
