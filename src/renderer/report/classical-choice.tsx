/** The classical methods of a reproduction: one checkbox for each method, and for each of its named settings. */
import { Checkbox } from '@mantine/core'
import type { ClassicalSource } from './classical-sources.ts'
import style from './request-form.module.css'

export function ClassicalChoice(props: {
  sources: readonly ClassicalSource[]
  /** False if the study has one coil. */
  enabled: boolean
  chosen: readonly string[]
  setChosen: (chosen: readonly string[]) => void
}) {
  const { sources, enabled, chosen, setChosen } = props
  const toggle = (source: string) =>
    setChosen(chosen.includes(source) ? chosen.filter(other => other !== source) : [...chosen, source])
  return (
    <fieldset className={style.field} disabled={!enabled}>
      <legend className={style.label}>Classical methods, for several coils, without training</legend>
      <div className={style.methods}>
        {sources.map(({ source, label }) => (
          <Checkbox
            key={source}
            label={label}
            checked={chosen.includes(source)}
            disabled={!enabled}
            onChange={() => toggle(source)}
          />
        ))}
      </div>
    </fieldset>
  )
}
