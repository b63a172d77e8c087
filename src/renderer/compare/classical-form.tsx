/** A form for new settings of a classical method. Saved settings never change. */
import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ClassicalId } from '../../contract/classical.ts'
import type { NamedSettings } from '../../contract/tuning.ts'
import { SchemaForm } from '../widgets/schema-form.tsx'
import { faultsOf, type Schema, type Settings } from '../widgets/settings-schema.ts'
import { saveSettings } from './classical-actions.ts'
import style from './classical-dialog.module.css'

interface Props {
  readonly schema: Schema
  readonly method: ClassicalId
  /** What the form begins as. */
  readonly begin: NamedSettings['config']
  readonly onSaved: (saved: NamedSettings) => void
}

export function NewSettings({ schema, method, begin, onSaved }: Props) {
  const [config, setConfig] = useState<Settings>(begin)
  const [name, setName] = useState('')
  const faults = new Map(faultsOf(schema, config).map(({ path, text }) => [path, text]))
  const good = name.trim() !== '' && faults.size === 0
  const save = async () => {
    const saved = await saveSettings({
      classical: method,
      name: name.trim(),
      config: config as NamedSettings['config'],
    })
    if (saved) onSaved(saved)
  }
  return (
    <form
      className={style.form}
      onSubmit={event => {
        event.preventDefault()
        if (good) void save()
      }}
    >
      <h2>New settings</h2>
      <TextInput
        label="Name"
        placeholder="Little noise"
        maxLength={120}
        value={name}
        data-autofocus
        onChange={event => setName(event.currentTarget.value)}
      />
      <SchemaForm {...{ schema, faults }} value={config} onChange={setConfig} path="" />
      <div className={style.actions}>
        <Button type="submit" variant="filled" disabled={!good}>
          Save settings
        </Button>
      </div>
    </form>
  )
}
