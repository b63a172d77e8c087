/** Settings of the classical method that a pane shows: named settings, a form for new ones, and a tuning. */
import { Button, Modal } from '@mantine/core'
import { IconAdjustments, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { CLASSICAL_LABELS, type ClassicalId, classicalInWords, classicalSource } from '../../contract/classical.ts'
import { type NamedSettings, sourceOfSettings } from '../../contract/tuning.ts'
import { useCatalogue, useNamedSettings } from '../app/queries.ts'
import { closeSettings, useOpenSettings } from '../viewer/open-settings.ts'
import type { Comparison } from '../viewer/sources.ts'
import { changePane } from '../viewer/view.ts'
import { type Schema, standardOf } from '../widgets/settings-schema.ts'
import { hideSettings } from './classical-actions.ts'
import style from './classical-dialog.module.css'
import { NewSettings } from './classical-form.tsx'
import { Tune } from './classical-tune.tsx'
import { Curve } from './tuning-curve.tsx'

/** Default settings, or named settings. */
type Choice = Pick<NamedSettings, 'classical' | 'config' | 'name' | 'tuning'> & { readonly id: number | null }

type Part = 'chosen' | 'new' | 'tune'

export function ClassicalDialog({ comparison }: { readonly comparison: Comparison }) {
  const of = useOpenSettings(state => state.of)
  if (!of) return null
  return <Dialog key={of.method} {...{ comparison, ...of }} />
}

interface Props {
  readonly comparison: Comparison
  readonly pane: number
  readonly method: ClassicalId
}

function Dialog({ comparison, pane, method }: Props) {
  const [part, setPart] = useState<Part>('chosen')
  const { data: catalogue } = useCatalogue()
  const { data: named = [] } = useNamedSettings()
  const about = catalogue?.classical.find(({ id }) => id === method)
  if (!about) return null
  const schema = about.schema as Schema
  const config = standardOf(schema) as NamedSettings['config']
  const choices: readonly Choice[] = [
    { id: null, classical: method, config, name: 'Default', tuning: null },
    ...named.filter(({ classical }) => classical === method),
  ]
  const { source } = comparison.panes[pane] ?? { source: null }
  const number = source === null ? undefined : classicalSource(source)?.settings
  const chosen = choices.find(({ id }) => id !== null && String(id) === number) ?? choices[0]
  const choose = (id: number | null) => {
    changePane(pane, { source: id === null ? method : sourceOfSettings({ classical: method, id }) })
    setPart('chosen')
  }
  const { study } = comparison
  return (
    <Modal opened onClose={closeSettings} title={`Settings of ${CLASSICAL_LABELS[method]}`} size={960}>
      <div className={style.dialog}>
        <div className={style.side}>
          <List {...{ choices, chosen, choose }} />
          <div className={style.more}>
            <Button
              leftSection={<IconPlus size={14} />}
              aria-pressed={part === 'new'}
              onClick={() => setPart('new')}
              justify="start"
            >
              New settings…
            </Button>
            {'lambda' in config && study && (
              <Button
                leftSection={<IconAdjustments size={14} />}
                aria-pressed={part === 'tune'}
                onClick={() => setPart('tune')}
                justify="start"
              >
                Tune on validation patients…
              </Button>
            )}
          </div>
        </div>
        <section className={style.part} aria-label={part === 'chosen' ? chosen.name : undefined}>
          {part === 'chosen' && <Chosen {...{ chosen, choose }} paper={about.paper} />}
          {part === 'new' && (
            <NewSettings {...{ schema, method }} begin={chosen.config} onSaved={({ id }) => choose(id)} />
          )}
          {part === 'tune' && study && (
            <Tune {...{ study, method }} config={chosen.config} onTuned={({ id }) => choose(id)} />
          )}
        </section>
      </div>
    </Modal>
  )
}

interface ListProps {
  readonly choices: readonly Choice[]
  readonly chosen: Choice
  readonly choose: (id: number | null) => void
}

/** What is chosen is shown in the pane at once. */
function List({ choices, chosen, choose }: ListProps) {
  return (
    <fieldset className={style.list}>
      <legend>Settings of this pane</legend>
      {choices.map(choice => (
        <label key={choice.id} className={style.choice} data-chosen={choice === chosen || undefined}>
          <input type="radio" name="settings" checked={choice === chosen} onChange={() => choose(choice.id)} />
          <span className={style.choiceWords}>
            <span>
              {choice.name}
              {choice.id !== null && <span className="secondary"> · {choice.id}</span>}
            </span>
            <span className={style.values}>{valuesOf(choice)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** 'λ 0.01, 30 iterations' */
function valuesOf({ config: { lambda, iterations } }: Choice): string {
  return [lambda !== undefined && `λ ${lambda}`, iterations !== undefined && `${iterations} iterations`]
    .filter(Boolean)
    .join(', ')
}

interface ChosenProps {
  readonly chosen: Choice
  readonly choose: (id: number | null) => void
  readonly paper: string
}

function Chosen({ chosen, choose, paper }: ChosenProps) {
  const { tuning, id } = chosen
  const hide = () => {
    choose(null)
    void hideSettings(chosen as NamedSettings)
  }
  return (
    <>
      <header className={style.head}>
        <div>
          <h2>{chosen.name}</h2>
          <p className="selectable">{classicalInWords(chosen)}</p>
        </div>
        {id !== null && (
          <Button size="compact-xs" onClick={hide}>
            Hide
          </Button>
        )}
      </header>
      {tuning ? (
        <Curve tuning={tuning} />
      ) : (
        <p className="secondary">
          {id === null
            ? 'The default values are compromises. Noisy scans need a larger λ or fewer iterations.'
            : 'These values were chosen by hand. Settings that a tuning finds show its curve here.'}
        </p>
      )}
      <p className={style.source}>{paper}</p>
    </>
  )
}
