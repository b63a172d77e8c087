/** One setting of the profile that is on or off. */
import { Switch } from '@mantine/core'
import type { Settings as SettingsOfProfile } from '../../contract/api.ts'
import { client } from '../app/client.ts'
import { tellError } from '../app/notify.tsx'
import { useSettings } from '../app/queries.ts'
import { refresh } from '../app/refresh.ts'

export function SettingSwitch({
  name,
  ...words
}: {
  name: Exclude<keyof SettingsOfProfile, 'execution'>
  label: string
  description: string
}) {
  const { data: settings } = useSettings()
  const change = async (on: boolean) => {
    try {
      await client.app.settings.set({ [name]: on })
      await refresh('settings')
    } catch (error) {
      tellError(error, 'The setting was not changed')
    }
  }
  return (
    <Switch
      size="xs"
      {...words}
      checked={settings?.[name] ?? false}
      disabled={!settings}
      onChange={event => change(event.currentTarget.checked)}
    />
  )
}
