/**
 * Fields made from a JSON Schema: a row each, its name and what it means at the left. What is wrong is said where its
 * meaning stood.
 */
import { NumberInput, Select, Switch, TextInput } from '@mantine/core'
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react'
import style from './schema-form.module.css'
import {
  isOptional,
  labelOf,
  listFrom,
  listText,
  nudge,
  nullableOf,
  numberFrom,
  propertiesOf,
  restOf,
  rowsFrom,
  type Schema,
  type Settings,
  same,
  standardOf,
  textOf,
  variantsOf,
  withVariant,
} from './settings-schema.ts'

export interface FormProps {
  readonly schema: Schema
  readonly value: Settings
  readonly onChange: (value: Settings) => void
  /** Where the value lies in what `faults` is about: 'training'. */
  readonly path: string
  /** What is wrong, by path. */
  readonly faults: ReadonlyMap<string, string>
  /** Names of the properties to show, in that order; all where not given. */
  readonly only?: readonly string[]
}

export function SchemaForm({ schema, value, onChange, path, faults, only }: FormProps) {
  const all = propertiesOf(schema)
  const shown = only ? only.flatMap(name => all.filter(([each]) => each === name)) : all
  return (
    <div className={style.form}>
      {shown.map(([name, property]) => (
        <Field
          key={name}
          name={name}
          schema={property}
          value={value[name]}
          optional={isOptional(schema, name, property)}
          onChange={next => onChange({ ...value, [name]: next })}
          path={`${path}.${name}`}
          faults={faults}
        />
      ))}
    </div>
  )
}

interface FieldProps {
  readonly name: string
  readonly schema: Schema
  readonly value: unknown
  /** Whether there may be none; `null` is one. */
  readonly optional: boolean
  readonly onChange: (value: unknown) => void
  readonly path: string
  readonly faults: ReadonlyMap<string, string>
}

interface Control {
  readonly id: string
  /** Mantine's inputs drop an `aria-describedby` that is not of their own wrapper. */
  readonly 'aria-description': string | undefined
  readonly error: boolean
}

function Row(props: {
  label: string
  help: string | undefined
  fault: string | undefined
  children: (control: Control) => ReactNode
}) {
  const { label, help, fault, children } = props
  const id = useId()
  const says = fault ?? help
  return (
    <div className={style.row}>
      <div className={style.words}>
        <label className={style.label} htmlFor={id}>
          {label}
        </label>
        {says && (
          <p className={style.help} data-fault={fault ? '' : undefined}>
            {says}
          </p>
        )}
      </div>
      <div className={style.control}>{children({ id, 'aria-description': says, error: fault !== undefined })}</div>
    </div>
  )
}

function Field({ name, schema, value, optional, onChange, path, faults }: FieldProps) {
  const inner = nullableOf(schema)
  const label = schema.title ?? labelOf(name)
  const help = schema.description ?? inner?.description
  const row = { label, help, fault: faults.get(path) }
  const settings = value as Settings

  const variants = variantsOf(schema)
  if (variants) {
    const { key, names } = variants
    return (
      <>
        <Row {...row}>
          {control => (
            <Select
              {...control}
              data={names.map(each => ({ value: each, label: choice(each) }))}
              value={textOf(settings[key])}
              onChange={next => next && onChange(withVariant(schema, settings, next))}
              allowDeselect={false}
            />
          )}
        </Row>
        <Nested schema={restOf(variants, settings[key])} {...{ value: settings, onChange, path, faults }} />
      </>
    )
  }
  if (inner?.type === 'object') {
    return (
      <>
        <Row {...row}>
          {({ error, ...control }) => (
            <Switch
              {...control}
              checked={value !== null}
              onChange={event => onChange(event.currentTarget.checked ? standardOf(inner) : null)}
            />
          )}
        </Row>
        {value !== null && <Nested schema={inner} {...{ value: settings, onChange, path, faults }} />}
      </>
    )
  }
  if (schema.type === 'object') {
    return (
      <>
        <Row {...row}>{() => null}</Row>
        <Nested schema={schema} {...{ value: settings, onChange, path, faults }} />
      </>
    )
  }
  return (
    <Row {...row}>
      {control => (
        <Value
          {...{ control, value, onChange }}
          schema={inner ?? schema}
          none={inner ? null : optional ? undefined : false}
        />
      )}
    </Row>
  )
}

const Nested = (props: FormProps) => (
  <div className={style.nested}>
    <SchemaForm {...props} />
  </div>
)

/** 'equispaced_fraction' → 'equispaced fraction' */
const choice = (value: string) => value.replaceAll('_', ' ')

interface ValueProps {
  readonly control: Control
  readonly schema: Schema
  /** What stands for no value; `false` where there must be one. */
  readonly none: null | undefined | false
  readonly value: unknown
  readonly onChange: (value: unknown) => void
}

function Value({ control, schema, none, value, onChange }: ValueProps) {
  const optional = none !== false
  const placeholder = optional ? (schema.placeholder ?? 'none') : undefined
  if (schema.const !== undefined) {
    const { error, ...others } = control
    const change = (checked: boolean) => onChange(checked ? schema.const : none)
    return (
      <Switch {...others} checked={value === schema.const} onChange={event => change(event.currentTarget.checked)} />
    )
  }
  if (schema.enum) {
    return (
      <Select
        {...control}
        data={schema.enum.map(each => ({ value: each, label: choice(each) }))}
        value={textOf(value)}
        onChange={onChange}
        allowDeselect={false}
      />
    )
  }
  if (schema.type === 'boolean') {
    const { error, ...others } = control
    return <Switch {...others} checked={value === true} onChange={event => onChange(event.currentTarget.checked)} />
  }
  if (schema.type === 'integer') {
    return (
      <NumberInput
        {...control}
        value={value === null || value === undefined ? '' : (value as number)}
        placeholder={placeholder}
        allowDecimal={false}
        clampBehavior="none"
        min={schema.minimum}
        max={schema.maximum}
        onChange={next => onChange(next === '' && optional ? none : next)}
      />
    )
  }
  if (schema.type === 'number') {
    return (
      <Typed
        {...{ control, value, onChange, placeholder }}
        read={text => (optional && text.trim() === '' ? none : numberFrom(text))}
        write={textOf}
        onArrow={direction => typeof value === 'number' && onChange(nudge(value, direction))}
      />
    )
  }
  if (schema.type === 'array') {
    const items = schema.items ?? {}
    const listOf = (text: string) => (items.type === 'object' ? rowsFrom(items, text) : listFrom(text))
    return (
      <Typed
        {...{ control, value, onChange }}
        placeholder="none"
        read={text => (optional && text.trim() === '' ? none : listOf(text))}
        write={list => listText(items, (list ?? []) as unknown[])}
      />
    )
  }
  return (
    <TextInput
      {...control}
      placeholder={schema.placeholder}
      value={textOf(value)}
      onChange={({ currentTarget: { value: text } }) => onChange(text === '' && none === null ? null : text)}
    />
  )
}

/** Text that stays as it was typed while it means the value: '1e-3', '0.10', '100, '. */
function Typed(props: {
  control: Control
  value: unknown
  placeholder: string | undefined
  onChange: (value: unknown) => void
  read: (text: string) => unknown
  write: (value: unknown) => string
  onArrow?: (direction: 1 | -1) => void
}) {
  const { control, value, placeholder, onChange, read, write, onArrow } = props
  const [typed, setTyped] = useState(() => write(value))
  const press = (event: KeyboardEvent) => {
    if (!onArrow || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    onArrow(event.key === 'ArrowUp' ? 1 : -1)
  }
  return (
    <TextInput
      {...control}
      placeholder={placeholder}
      inputMode={onArrow ? 'decimal' : undefined}
      value={same(read(typed), value) ? typed : write(value)}
      onChange={event => {
        setTyped(event.currentTarget.value)
        onChange(read(event.currentTarget.value))
      }}
      onKeyDown={press}
    />
  )
}
