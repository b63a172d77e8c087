/** One line that says where a training will run, with the way to the setting. */
import { Anchor } from '@mantine/core'
import { gpusIn } from '../app/devices.ts'
import { whereInWords } from '../app/execution.ts'
import { useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { useSettings } from '../app/queries.ts'
import style from './where-line.module.css'

export function WhereLine() {
  const { data: settings } = useSettings()
  const gpus = useLive(({ engine }) => gpusIn(engine))
  return (
    <p className={style.where}>
      {settings && whereInWords(settings.execution, gpus)}{' '}
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
