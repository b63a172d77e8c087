/** Starting a pre-training or a baseline: the few settings that matter, the rest behind 'All settings'. */
import { Button, Collapse, Drawer, NumberInput, Select } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Catalogue } from '../../contract/api.ts'
import { Pretext, type Recipe } from '../../contract/runs.ts'
import { queries } from '../actions.ts'
import { client, errorText } from '../client.ts'
import { useCatalogue, useTrainable } from '../queries.ts'
import { goToScreen } from '../shell/screens.ts'
import { useView } from '../view.ts'
import { RecipeFields } from './recipe-fields.tsx'
import style from './runs.module.css'
import { defaultsOf, SchemaForm, type Settings } from './schema-form.tsx'

export type FormKind = 'baseline' | 'pretrain'

export function StartForm({ kind, onClose }: { kind: FormKind | null; onClose: () => void }) {
  const { data: catalogue } = useCatalogue()
  return (
    <Drawer
      opened={kind !== null}
      onClose={onClose}
      position="right"
      size={440}
      title={kind === 'baseline' ? 'Baseline from scratch' : 'Pre-training'}
    >
      {kind && catalogue && <Form key={kind} kind={kind} catalogue={catalogue} onClose={onClose} />}
    </Drawer>
  )
}

const WHAT: Readonly<Record<FormKind, string>> = {
  pretrain: 'Learns from the sub-sampled images alone, without ground truth. Fine-tune it afterwards with one click.',
  baseline: 'Trains from scratch on ground truth, as fastMRI does: what every pre-training is compared with.',
}

function Form({ kind, catalogue, onClose }: { kind: FormKind; catalogue: Catalogue; onClose: () => void }) {
  const { trainable, first } = useTrainable()
  const mask = useView(view => view.mask)
  const [chosenStudy, setStudy] = useState<number | null>(null)
  const study = chosenStudy ?? first?.id ?? null
  const [methodId, setMethod] = useState(catalogue.methods[0].id)
  const method = catalogue.methods.find(({ id }) => id === methodId)!
  const network = catalogue.networks[0]
  const standard = kind === 'baseline' ? catalogue.baseline : method.recipe
  const [recipe, setRecipe] = useState<Recipe>(standard)
  const [networkConfig, setNetworkConfig] = useState<Settings>({ ...defaultsOf(network.schema), channels: 16 })
  const [methodConfig, setMethodConfig] = useState<Settings>(defaultsOf(method.schema))
  const [pretext, setPretext] = useState(() => Pretext.parse({}))
  const [seed, setSeed] = useState(0)
  const [all, setAll] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [starting, setStarting] = useState(false)
  useEffect(() => {
    setRecipe(standard)
    setMethodConfig(defaultsOf(method.schema))
  }, [standard, method])

  const start = async () => {
    setStarting(true)
    setError(null)
    try {
      const { runs } = await client.runs.start({
        study: study!,
        method: kind === 'pretrain' ? methodId : null,
        methodConfig: kind === 'pretrain' ? methodConfig : {},
        ...(kind === 'pretrain' && { pretext }),
        network: network.id,
        networkConfig,
        recipe,
        mask,
        seed,
      })
      await queries.current?.invalidateQueries({ queryKey: ['runs'] })
      goToScreen('runs', runs[0])
    } catch (cause) {
      setError(errorText(cause))
    } finally {
      setStarting(false)
    }
  }

  return (
    <form
      className={style.form}
      onSubmit={event => {
        event.preventDefault()
        void start()
      }}
    >
      <p className="secondary">{WHAT[kind]}</p>
      <div className={style.formGrid}>
        <Select
          className={style.wide}
          label="Study"
          data-autofocus
          data={trainable.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={study === null ? null : String(study)}
          onChange={value => value && setStudy(Number(value))}
          allowDeselect={false}
        />
        {kind === 'pretrain' && (
          <Select
            className={style.wide}
            label="Method"
            description={method.paper}
            data={catalogue.methods.map(({ id, label }) => ({ value: id, label }))}
            value={methodId}
            onChange={value => value && setMethod(value)}
            allowDeselect={false}
          />
        )}
        <NumberInput
          label="Epochs"
          min={1}
          allowDecimal={false}
          value={recipe.epochs}
          onChange={value => typeof value === 'number' && value >= 1 && setRecipe({ ...recipe, epochs: value })}
        />
        <NumberInput
          label="Batch, slices"
          min={1}
          allowDecimal={false}
          value={recipe.batch}
          onChange={value => typeof value === 'number' && value >= 1 && setRecipe({ ...recipe, batch: value })}
        />
        <NumberInput
          label="Learning rate"
          min={1e-7}
          step={1e-4}
          decimalScale={7}
          value={recipe.schedule.rate}
          onChange={value =>
            typeof value === 'number' &&
            value > 0 &&
            setRecipe({ ...recipe, schedule: { ...recipe.schedule, rate: value } })
          }
        />
        <NumberInput
          label="Seed"
          min={0}
          allowDecimal={false}
          value={seed}
          onChange={value => typeof value === 'number' && value >= 0 && setSeed(value)}
        />
      </div>
      <h3>{network.label}</h3>
      <div className={style.formGrid}>
        <SchemaForm schema={network.schema} value={networkConfig} onChange={setNetworkConfig} />
      </div>
      <Button variant="subtle" justify="flex-start" onClick={() => setAll(!all)} aria-expanded={all}>
        {all ? 'Fewer settings' : 'All settings'}
      </Button>
      <Collapse expanded={all}>
        <div className={style.formGrid}>
          <RecipeFields recipe={recipe} onChange={setRecipe} />
          {kind === 'pretrain' && (
            <>
              <SchemaForm schema={method.schema} value={methodConfig} onChange={setMethodConfig} />
              <Select
                label="measurement"
                description="fixed: a slice’s mask is drawn once, as from a scanner; fresh: anew each time, which shows all of k-space"
                data={['fixed', 'fresh']}
                value={pretext.measurement}
                onChange={value => value && setPretext({ ...pretext, measurement: value as Pretext['measurement'] })}
                allowDeselect={false}
              />
              <Select
                label="view masks"
                description="independent: each view has its own; shared: one for both"
                data={['independent', 'shared']}
                value={pretext.viewMasks}
                onChange={value => value && setPretext({ ...pretext, viewMasks: value as Pretext['viewMasks'] })}
                allowDeselect={false}
              />
            </>
          )}
        </div>
      </Collapse>
      {error && (
        <p className={style.reason} role="alert">
          {error}
        </p>
      )}
      <div className={style.formEnd}>
        <Button onClick={onClose}>Close</Button>
        <Button type="submit" variant="filled" loading={starting} disabled={study === null}>
          Start
        </Button>
      </div>
    </form>
  )
}
