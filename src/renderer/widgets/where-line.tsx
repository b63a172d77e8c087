/** One line that says where a training will run, with the way to the setting. */
import { Anchor } from '@mantine/core'
import { whereInWords } from '../app/execution.ts'
import { goToScreen } from '../app/navigation.ts'
import { useSettings } from '../app/queries.ts'
import style from './where-line.module.css'

export function WhereLine() {
  const { data: settings } = useSettings()
  return (
    <p className={style.where}>
      {settings && whereInWords(settings.execution, 0)}{' '}
      {settings && (
        <Anchor
          component="button"
          type="button"
          inherit
          aria-label="Change setting: where trainings run"
          onClick={() => goToScreen('settings', 'execution')}
        >
          Change setting
        </Anchor>
      )}
    </p>
  )
}
