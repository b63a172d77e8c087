/** The choice of a recipe, and what can be done with an edited recipe. */
import { Button, Select, TextInput } from '@mantine/core'
import { useId, useState } from 'react'
import type { NamedRecipe } from '../../contract/recipes.ts'
import style from './start-form.module.css'

interface Props {
  readonly recipes: readonly NamedRecipe[]
  readonly chosen: NamedRecipe
  readonly edited: boolean
  readonly onChoose: (id: string) => void
  readonly onReset: () => void
  readonly onSave: () => Promise<void>
  readonly onSaveAs: (name: string) => Promise<void>
  readonly onDelete: () => void
}

export function RecipeChoice({ recipes, chosen, edited, ...act }: Props) {
  const [naming, setNaming] = useState(false)
  const id = useId()
  const items = (shipped: boolean) =>
    recipes.filter(recipe => recipe.shipped === shipped).map(({ id, name }) => ({ value: id, label: name }))
  const own = items(false)
  return (
    <div className={style.recipe}>
      <div className={style.recipeLine}>
        {naming ? (
          <Naming
            // A recipe is copied under another name than its own.
            begin={chosen.shipped ? '' : `${chosen.name}, copy`}
            onName={async name => {
              await act.onSaveAs(name)
              setNaming(false)
            }}
            onCancel={() => setNaming(false)}
          />
        ) : (
          <>
            <span className={style.state}>
              <label htmlFor={id}>Recipe</label>{' '}
              <span className={style.edited} data-edited={edited || undefined}>
                {edited ? 'edited' : chosen.shipped ? 'as shipped' : 'as saved'}
              </span>
            </span>
            {edited && (
              <Button size="compact-xs" onClick={act.onReset}>
                Reset
              </Button>
            )}
            {edited && !chosen.shipped && (
              <Button size="compact-xs" onClick={act.onSave}>
                Save
              </Button>
            )}
            <Button size="compact-xs" onClick={() => setNaming(true)}>
              Save as…
            </Button>
            {!chosen.shipped && (
              <Button size="compact-xs" onClick={act.onDelete}>
                Delete
              </Button>
            )}
          </>
        )}
      </div>
      <Select
        id={id}
        data={
          own.length > 0
            ? [
                { group: 'Shipped', items: items(true) },
                { group: 'Your own', items: own },
              ]
            : items(true)
        }
        value={chosen.id}
        onChange={id => id && act.onChoose(id)}
        allowDeselect={false}
      />
      <p className={style.note}>{chosen.note}</p>
    </div>
  )
}

function Naming(props: { begin: string; onName: (name: string) => Promise<void>; onCancel: () => void }) {
  const { begin, onName, onCancel } = props
  const [name, setName] = useState(begin)
  const good = name.trim() !== ''
  return (
    <>
      <TextInput
        className={style.naming}
        aria-label="Name of the recipe"
        placeholder="Name"
        maxLength={80}
        value={name}
        autoFocus
        // Escape ends the naming, not the form around it.
        data-mantine-stop-propagation="true"
        onChange={event => setName(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') onCancel()
          if (event.key !== 'Enter') return
          event.preventDefault()
          if (good) void onName(name.trim())
        }}
      />
      <Button size="compact-xs" disabled={!good} onClick={() => onName(name.trim())}>
        Save
      </Button>
      <Button size="compact-xs" onClick={onCancel}>
        Cancel
      </Button>
    </>
  )
}
