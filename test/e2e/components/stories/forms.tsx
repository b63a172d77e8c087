/** Stories of a form that a JSON Schema makes. */
import { useState } from 'react'
import { SchemaForm } from '../../../../src/renderer/widgets/schema-form.tsx'
import { complete, faultsOf, type Schema, type Settings } from '../../../../src/renderer/widgets/settings-schema.ts'
import { LONG_FILE } from './data.ts'
import type { Story } from './story.ts'

/** A form in the drawer of the runs' screen. */
const DRAWER = { width: 400, height: 640 }

const number = (standard: number): Schema => ({ type: 'number', minimum: 0, default: standard })

const KINDS: Schema = {
  type: 'object',
  required: ['epochs', 'rate', 'flips', 'mask', 'sizes', 'note', 'optimizer', 'schedule', 'stopping'],
  properties: {
    epochs: { type: 'integer', minimum: 1, maximum: 500, default: 50, description: 'passes over the training data' },
    rate: { type: 'number', exclusiveMinimum: 0, default: 0.001, title: 'Learning rate' },
    flips: { type: 'boolean', default: true },
    mask: { enum: ['random', 'equispaced_fraction'] },
    sizes: { type: 'array', items: { type: 'integer', minimum: 1 }, default: [100, 200] },
    note: { type: 'string', default: '' },
    warmup: { type: 'integer', minimum: 0, description: 'steps' },
    blur: { type: 'number', minimum: 0 },
    frozen: { const: true },
    optimizer: {
      oneOf: [
        { type: 'object', required: ['kind'], properties: { kind: { const: 'adam' }, decay: number(0) } },
        { type: 'object', required: ['kind'], properties: { kind: { const: 'plain_sgd' }, momentum: number(0.9) } },
      ],
    },
    schedule: { type: 'object', properties: { gamma: number(0.1) } },
    stopping: { anyOf: [{ type: 'object', properties: { patience: number(5) } }, { type: 'null' }] },
  },
}

const LONG: Schema = {
  type: 'object',
  required: ['share', 'file', 'choice'],
  properties: {
    share: {
      ...number(0.08),
      title: 'Share of the columns, at the centre of k-space, that is always measured in every slice of the volume',
      description: 'The lowest frequencies hold most of the energy. Values above 0.16 leave few columns for the rest.',
    },
    file: { type: 'string', title: LONG_FILE, default: LONG_FILE },
    choice: { enum: [`equispaced_${'fraction_'.repeat(12)}`, 'magic'], description: LONG_FILE },
  },
}

function Form({ schema, begun }: { readonly schema: Schema; readonly begun: Settings }) {
  const [value, setValue] = useState(() => ({ ...(complete(schema, {}) as Settings), ...begun }))
  const faults = new Map(faultsOf(schema, value, 'form').map(({ path, text }) => [path, text]))
  return (
    <main>
      <SchemaForm schema={schema} value={value} onChange={setValue} path="form" faults={faults} />
      <output hidden>{JSON.stringify(value)}</output>
    </main>
  )
}

const form = (schema: Schema, begun: Settings = {}): Story => ({
  size: DRAWER,
  show: () => <Form {...{ schema, begun }} />,
})

export const FORMS = {
  'form: kinds of fields': form(KINDS),
  'form: faults': form(KINDS, { epochs: 0, rate: 'fast', mask: 'other', sizes: [0], warmup: -1 }),
  'form: long labels': form(LONG),
  'form: no fields': form({ type: 'object', properties: {} }),
} satisfies Record<string, Story>
