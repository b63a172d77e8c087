/** Starting a training: method (or none) × network × recipe, every setting behind them, and the views that a pre-training begins with. */
import { Button, Drawer, NumberInput, Select } from '@mantine/core'
import { useRef, useState } from 'react'
import type { Catalogue, StartRequest } from '../../contract/api.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { NamedRecipe, RecipeSettings } from '../../contract/recipes.ts'
import { client, errorText } from '../app/client.ts'
import { goToScreen } from '../app/navigation.ts'
import { useCatalogue, useRecipes } from '../app/queries.ts'
import { refresh } from '../app/refresh.ts'
import { useTrainable } from '../viewer/open-study.ts'
import { useView } from '../viewer/view.ts'
import { STANDARDS } from '../widgets/recipe-words.ts'
import { complete, faultsOf, propertiesOf, type Settings, same } from '../widgets/settings-schema.ts'
import { deleteRecipe, saveRecipe } from './recipe-actions.ts'
import { RecipeChoice } from './recipe-choice.tsx'
import { faultsIn, type Part, partOf, RecipeFields, type Schemas, schemasFor } from './recipe-fields.tsx'
import style from './start-form.module.css'
import { ViewsPanel } from './views-panel.tsx'

export type FormKind = 'baseline' | 'pretrain'

export function StartForm({ kind, onClose }: { kind: FormKind | null; onClose: () => void }) {
  const { data: catalogue } = useCatalogue()
  const { data: own } = useRecipes()
  const [views, setViews] = useState(false)
  const close = () => {
    setViews(false)
    onClose()
  }
  return (
    <Drawer.Root
      opened={kind !== null && catalogue !== undefined && own !== undefined}
      onClose={close}
      position="right"
      size={views ? 'min(1320px, 100vw)' : 460}
      transitionProps={{ duration: 120 }}
      classNames={{ content: style.content }}
    >
      <Drawer.Overlay />
      <Drawer.Content>
        {kind && catalogue && own && (
          <Form key={kind} {...{ kind, catalogue, own, views }} onViews={setViews} onClose={close} />
        )}
      </Drawer.Content>
    </Drawer.Root>
  )
}

const SCRATCH = 'scratch'

const WHAT = {
  pretrain: 'Learns from the sub-sampled images alone, without ground truth. Fine-tune it afterwards with one click.',
  baseline: 'Trains on ground truth, as fastMRI does: what every pre-training is compared with.',
} as const

/** Settings with everything that their schemas have, so that two that say the same are the same. */
function whole(catalogue: Catalogue, settings: RecipeSettings): RecipeSettings {
  const { network, method, pretext, recipe } = schemasFor(catalogue, settings)
  const fill = (schema: Parameters<typeof complete>[0], value: unknown) => complete(schema, value, STANDARDS)
  const { networkConfig, methodConfig, training, fineTuning } = settings
  return {
    network: settings.network,
    networkConfig: fill(network, networkConfig),
    method: settings.method,
    methodConfig: method ? fill(method, methodConfig) : {},
    pretext: settings.method === null ? null : fill(pretext, settings.pretext ?? {}),
    training: fill(recipe, training),
    fineTuning: fineTuning && fill(recipe, fineTuning),
  } as RecipeSettings
}

/** `simclr/report` → `report` */
const shippedName = ({ id, shipped }: NamedRecipe) => (shipped ? id.split('/').at(-1) : undefined)

/** Another network, with what its settings share with the last one's. */
function withNetwork(catalogue: Catalogue, settings: RecipeSettings, network: string): RecipeSettings {
  const schema = catalogue.networks.find(({ id }) => id === network)!.schema
  const kept = propertiesOf(schema).filter(
    ([name, part]) => name in settings.networkConfig && faultsOf(part, settings.networkConfig[name]).length === 0,
  )
  const networkConfig = Object.fromEntries(kept.map(([name]) => [name, settings.networkConfig[name]]))
  return whole(catalogue, { ...settings, network, networkConfig })
}

interface Props {
  readonly kind: FormKind
  readonly catalogue: Catalogue
  readonly own: readonly NamedRecipe[]
  readonly views: boolean
  readonly onViews: (shown: boolean) => void
  readonly onClose: () => void
}

function useDraft({ kind, catalogue, own }: Pick<Props, 'kind' | 'catalogue' | 'own'>) {
  const all = [...catalogue.recipes, ...own]
  const recipesOf = (method: string | null) => all.filter(recipe => recipe.method === method)
  const begin = (method: string | null, like: string | undefined) => {
    const recipes = recipesOf(method)
    return recipes.find(recipe => shippedName(recipe) === like) ?? recipes[0]
  }
  const first = begin(kind === 'baseline' ? null : catalogue.methods[0].id, 'workstation')
  const [chosenId, setChosen] = useState(first.id)
  const [settings, setSettings] = useState(() => whole(catalogue, first))
  const chosen = all.find(({ id }) => id === chosenId) ?? begin(settings.method, 'workstation')
  const choose = (recipe: NamedRecipe) => {
    setChosen(recipe.id)
    setSettings(whole(catalogue, recipe))
  }
  return {
    settings,
    setSettings,
    chosen,
    recipes: recipesOf(settings.method),
    edited: !same(settings, whole(catalogue, chosen)),
    choose,
    chooseMethod: (method: string | null) => choose(begin(method, shippedName(chosen) ?? 'workstation')),
    reset: () => setSettings(whole(catalogue, chosen)),
    setChosen,
  }
}

function Form({ kind, catalogue, own, views, onViews, onClose }: Props) {
  const { trainable, first } = useTrainable()
  const [chosenStudy, setStudy] = useState<number | null>(null)
  const study = chosenStudy ?? first?.id ?? null
  const draft = useDraft({ kind, catalogue, own })
  const { settings, setSettings, chosen, edited } = draft
  const [mask, setMask] = useState<Settings>(useView.getState().mask)
  const [seed, setSeed] = useState<number | string>(0)
  const [open, setOpen] = useState<ReadonlySet<Part>>(new Set<Part>(['training', 'network']))
  const [error, setError] = useState<string | null>(null)
  const [starting, setStarting] = useState(false)
  const [asked, setAsked] = useState<StartRequest | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const schemas: Schemas = schemasFor(catalogue, settings)
  const faults = faultsIn({ settings, mask }, schemas)
  const seedFault = Number.isInteger(seed) && Number(seed) >= 0 ? null : 'Expected a whole number, at least 0'
  const pretraining = settings.method !== null

  const request = (): StartRequest => ({
    study: study!,
    method: settings.method,
    methodConfig: settings.methodConfig,
    ...(settings.pretext && { pretext: settings.pretext }),
    network: settings.network,
    networkConfig: settings.networkConfig,
    recipe: settings.training,
    ...(settings.fineTuning && { fineTuning: settings.fineTuning }),
    mask: mask as MaskSpec,
    seed: Number(seed),
  })

  /** Whether all can be used; else the first that cannot is opened and focused. */
  const sound = () => {
    if (faults.size === 0 && seedFault === null) return true
    setOpen(
      parts => new Set([...parts, ...[...faults.keys()].map(partOf), ...(seedFault ? ['training' as const] : [])]),
    )
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
    return false
  }

  const start = async () => {
    if (!sound()) return
    setStarting(true)
    setError(null)
    try {
      const { runs } = await client.runs.start(request())
      await refresh('runs')
      onViews(false)
      goToScreen('runs', runs[0])
    } catch (cause) {
      setError(errorText(cause))
    } finally {
      setStarting(false)
    }
  }

  const preview = () => {
    if (!sound()) return
    setAsked(request())
    onViews(true)
  }

  const save = async (name: string, id?: string) => {
    if (!sound()) return
    const saved = await saveRecipe({ id, name, settings })
    if (saved) draft.setChosen(saved.id)
  }

  return (
    <>
      <Drawer.Header className={style.header}>
        <Drawer.Title>{pretraining ? 'Pre-training' : 'Baseline from scratch'}</Drawer.Title>
        <Drawer.CloseButton aria-label="Close" />
      </Drawer.Header>
      <div className={style.columns} data-views={views || undefined}>
        {views && asked && (
          <ViewsPanel
            request={asked}
            changed={faults.size > 0 || !same(asked, request())}
            onAgain={preview}
            onClose={() => onViews(false)}
          />
        )}
        <form
          ref={form}
          className={style.form}
          onSubmit={event => {
            event.preventDefault()
            void start()
          }}
        >
          <div className={style.scroll}>
            <div className={style.choices}>
              <p className="secondary">{pretraining ? WHAT.pretrain : WHAT.baseline}</p>
              <Select
                label="Study"
                data={trainable.map(({ id, name }) => ({ value: String(id), label: name }))}
                value={study === null ? null : String(study)}
                onChange={value => value && setStudy(Number(value))}
                allowDeselect={false}
              />
              <div className={style.pair}>
                <Select
                  label="Method"
                  data-autofocus
                  data={[
                    {
                      group: 'Without ground truth',
                      items: catalogue.methods.map(({ id, label }) => ({ value: id, label })),
                    },
                    { group: 'With ground truth', items: [{ value: SCRATCH, label: 'From scratch' }] },
                  ]}
                  value={settings.method ?? SCRATCH}
                  onChange={value => {
                    if (!value) return
                    draft.chooseMethod(value === SCRATCH ? null : value)
                    if (value === SCRATCH) onViews(false)
                  }}
                  allowDeselect={false}
                />
                <Select
                  label="Network"
                  data={catalogue.networks.map(({ id, label }) => ({ value: id, label }))}
                  value={settings.network}
                  onChange={value => value && setSettings(withNetwork(catalogue, settings, value))}
                  allowDeselect={false}
                />
              </div>
              <RecipeChoice
                recipes={draft.recipes}
                chosen={chosen}
                edited={edited}
                onChoose={id => draft.choose(draft.recipes.find(recipe => recipe.id === id)!)}
                onReset={draft.reset}
                onSave={() => save(chosen.name, chosen.id)}
                onSaveAs={name => save(name)}
                onDelete={() => {
                  draft.choose(draft.recipes.find(({ shipped, id }) => shipped && id.endsWith('workstation'))!)
                  void deleteRecipe(chosen)
                }}
              />
            </div>
            <RecipeFields
              {...{ catalogue, schemas, faults, open }}
              draft={{ settings, mask }}
              onOpen={part =>
                setOpen(parts => {
                  const next = new Set(parts)
                  if (!next.delete(part)) next.add(part)
                  return next
                })
              }
              onSettings={setSettings}
              onMask={setMask}
            >
              <div className={style.seed}>
                <span>
                  <label htmlFor="seed">Seed</label>
                  <p className={style.help} id="seed help" data-fault={seedFault ? '' : undefined}>
                    {seedFault ?? 'weights, order, masks and views are drawn from it'}
                  </p>
                </span>
                <NumberInput
                  id="seed"
                  aria-describedby="seed help"
                  error={seedFault !== null}
                  min={0}
                  clampBehavior="none"
                  allowDecimal={false}
                  value={seed}
                  onChange={setSeed}
                />
              </div>
            </RecipeFields>
            {pretraining && (
              <p className={style.paper}>{catalogue.methods.find(({ id }) => id === settings.method)?.paper}</p>
            )}
          </div>
          <div className={style.foot}>
            {error && (
              <p className={style.error} role="alert">
                {error}
              </p>
            )}
            {pretraining && (
              <Button onClick={preview} disabled={study === null}>
                Preview views
              </Button>
            )}
            <span className={style.spacer} />
            <Button onClick={onClose}>Close</Button>
            <Button type="submit" variant="filled" loading={starting} disabled={study === null}>
              Start
            </Button>
          </div>
        </form>
      </div>
    </>
  )
}
