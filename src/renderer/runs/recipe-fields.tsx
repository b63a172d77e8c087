/** A recipe's settings that few change: gradients, warm-up, stopping early, what is kept. */
import { NumberInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Recipe } from '../../contract/runs.ts'

interface Props {
  readonly recipe: Recipe
  readonly onChange: (recipe: Recipe) => void
}

/** '100, 200' → [100, 200]; what is no whole number from 1 up is left out. */
const epochsIn = (text: string) =>
  text
    .split(/[\s,;]+/)
    .map(Number)
    .filter(epoch => Number.isInteger(epoch) && epoch > 0)

export function RecipeFields({ recipe, onChange }: Props) {
  const [milestones, setMilestones] = useState(recipe.milestones.join(', '))
  const optional = (value: string | number) => (typeof value === 'number' && value > 0 ? value : null)
  return (
    <>
      <NumberInput
        label="accumulate"
        description="batches whose gradients are averaged into one step"
        min={1}
        allowDecimal={false}
        value={recipe.accumulate}
        onChange={value => typeof value === 'number' && value >= 1 && onChange({ ...recipe, accumulate: value })}
      />
      <NumberInput
        label="warm-up"
        description="epochs in which the rate rises from 0"
        min={0}
        allowDecimal={false}
        value={recipe.warmup}
        onChange={value => typeof value === 'number' && value >= 0 && onChange({ ...recipe, warmup: value })}
      />
      <NumberInput
        label="clip norm"
        description="largest L2 norm of the gradients; empty: none"
        min={0}
        step={0.5}
        value={recipe.clipNorm ?? ''}
        onChange={value => onChange({ ...recipe, clipNorm: optional(value) })}
      />
      <NumberInput
        label="stop early"
        description="validations without a lower loss; empty: never"
        min={1}
        allowDecimal={false}
        value={recipe.earlyStopping?.patience ?? ''}
        onChange={value => {
          const patience = optional(value)
          onChange({ ...recipe, earlyStopping: patience === null ? null : { patience } })
        }}
      />
      <NumberInput
        label="save every"
        description="minutes, beside every epoch"
        min={0.5}
        step={1}
        value={recipe.saveMinutes}
        onChange={value => typeof value === 'number' && value > 0 && onChange({ ...recipe, saveMinutes: value })}
      />
      <TextInput
        size="xs"
        label="milestones"
        description="epochs whose weights are kept: 100, 200"
        value={milestones}
        onChange={event => {
          setMilestones(event.currentTarget.value)
          onChange({ ...recipe, milestones: epochsIn(event.currentTarget.value) })
        }}
      />
    </>
  )
}
