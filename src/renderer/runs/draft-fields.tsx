/** The first fields of the start form: study, method, network, recipe; and the seed. */
import { NumberInput, Select } from '@mantine/core'
import type { Catalogue } from '../../contract/catalogue.ts'
import { FLAG_REMEDY, flagsInWords } from '../../contract/crimes.ts'
import type { NamedRecipe } from '../../contract/recipes.ts'
import type { StudySummary } from '../../contract/studies.ts'
import { useStudy } from '../app/queries.ts'
import { type Change, chosenRecipe, type Draft, isEdited, type Offered, recipesOf, standardRecipe } from './draft.ts'
import { deleteRecipe } from './recipe-actions.ts'
import { RecipeChoice } from './recipe-choice.tsx'
import style from './start-form.module.css'

export interface FieldsProps {
  readonly offered: Offered
  readonly draft: Draft
  readonly onChange: (change: Change) => void
}

interface StudyProps extends FieldsProps {
  readonly studies: readonly StudySummary[]
  readonly study: number | null
}

export const StudySelect = ({ studies, study, onChange }: Omit<StudyProps, 'offered' | 'draft'>) => (
  <div>
    <Select
      label="Study"
      data={studies.map(({ id, name }) => ({ value: String(id), label: name }))}
      value={study === null ? null : String(study)}
      onChange={value => value && onChange({ type: 'study', study: Number(value) })}
      allowDeselect={false}
    />
    <FlagsCaution study={study} />
  </div>
)

/** Says before a training that volumes of the study may not be raw, unless the user has acknowledged that. */
function FlagsCaution({ study }: { study: number | null }) {
  const { data } = useStudy(study)
  const words = data && flagsInWords(data.volumes)
  return words ? (
    <p className={style.caution} role="status">
      {words} {FLAG_REMEDY} The study’s page shows the numbers.
    </p>
  ) : null
}

/** Stands for no method in the list of methods. */
const SCRATCH = 'scratch'

const methodItems = ({ methods }: Catalogue) => [
  { group: 'Without ground truth', items: methods.map(({ id, label }) => ({ value: id, label })) },
  { group: 'With ground truth', items: [{ value: SCRATCH, label: 'From scratch' }] },
]

export function MethodAndNetwork({ offered: { catalogue }, draft: { settings }, onChange }: FieldsProps) {
  return (
    <div className={style.pair}>
      <Select
        label="Method"
        data-autofocus
        data={methodItems(catalogue)}
        value={settings.method ?? SCRATCH}
        onChange={value => value && onChange({ type: 'method', method: value === SCRATCH ? null : value })}
        allowDeselect={false}
      />
      <Select
        label="Network"
        data={catalogue.networks.map(({ id, label }) => ({ value: id, label }))}
        value={settings.network}
        onChange={value => value && onChange({ type: 'network', network: value })}
        allowDeselect={false}
      />
    </div>
  )
}

interface RecipeProps extends FieldsProps {
  /** Saves the settings under a name, over the recipe of that id where one is given. */
  readonly onSave: (name: string, id?: string) => Promise<void>
}

export function DraftRecipe({ offered, draft, onChange, onSave }: RecipeProps) {
  const { method } = draft.settings
  const recipes = recipesOf(offered, method)
  const chosen = chosenRecipe(offered, draft)
  const choose = (recipe: NamedRecipe) => onChange({ type: 'recipe', recipe })
  return (
    <RecipeChoice
      recipes={recipes}
      chosen={chosen}
      edited={isEdited(offered, draft)}
      onChoose={id => choose(recipes.find(recipe => recipe.id === id)!)}
      onReset={() => onChange({ type: 'reset' })}
      onSave={() => onSave(chosen.name, chosen.id)}
      onSaveAs={name => onSave(name)}
      onDelete={() => {
        choose(standardRecipe(offered, method))
        void deleteRecipe(chosen)
      }}
    />
  )
}

interface SeedProps {
  readonly seed: Draft['seed']
  readonly fault: string | null
  readonly onChange: (change: Change) => void
}

const SEED = 'decides weights, order, masks and views'

export const SeedField = ({ seed, fault, onChange }: SeedProps) => (
  <div className={style.seed}>
    <span>
      <label htmlFor="seed">Seed</label>
      <p className={style.help} data-fault={fault ? '' : undefined}>
        {fault ?? SEED}
      </p>
    </span>
    <NumberInput
      id="seed"
      aria-description={fault ?? SEED}
      error={fault !== null}
      min={0}
      clampBehavior="none"
      allowDecimal={false}
      value={seed}
      onChange={next => onChange({ type: 'seed', seed: next })}
    />
  </div>
)
