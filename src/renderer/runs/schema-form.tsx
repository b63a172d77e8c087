/** Fields made from a settings' JSON Schema: a number, a choice, a switch or a word for each property. */
import { NumberInput, Select, Switch, TextInput } from '@mantine/core'

interface Property {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly description?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

export type Settings = Readonly<Record<string, unknown>>

const properties = (schema: Settings) => Object.entries((schema.properties ?? {}) as Record<string, Property>)

export const defaultsOf = (schema: Settings): Settings =>
  Object.fromEntries(properties(schema).map(([name, { default: standard }]) => [name, standard]))

/** 'minimumArea' → 'minimum area' */
const words = (name: string) => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

interface Props {
  readonly schema: Settings
  readonly value: Settings
  readonly onChange: (value: Settings) => void
}

export function SchemaForm({ schema, value, onChange }: Props) {
  return properties(schema).map(([name, property]) => (
    <Field
      key={name}
      name={name}
      property={property}
      value={value[name]}
      onChange={next => onChange({ ...value, [name]: next })}
    />
  ))
}

function Field(props: { name: string; property: Property; value: unknown; onChange: (value: unknown) => void }) {
  const { name, property, value, onChange } = props
  const label = words(name)
  const description = property.description
  if (property.enum) {
    return (
      <Select
        label={label}
        description={description}
        data={[...property.enum]}
        value={String(value)}
        onChange={onChange}
        allowDeselect={false}
      />
    )
  }
  if (property.type === 'boolean') {
    return (
      <Switch
        label={label}
        description={description}
        checked={Boolean(value)}
        onChange={event => onChange(event.currentTarget.checked)}
      />
    )
  }
  if (property.type === 'number' || property.type === 'integer') {
    return (
      <NumberInput
        label={label}
        description={description}
        value={value as number}
        min={property.minimum}
        max={property.maximum}
        allowDecimal={property.type === 'number'}
        step={property.type === 'integer' ? 1 : 0.05}
        onChange={next => typeof next === 'number' && onChange(next)}
      />
    )
  }
  return (
    <TextInput
      label={label}
      description={description}
      value={String(value ?? '')}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}
