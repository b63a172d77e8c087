/** Settings by their JSON Schema: what a value begins as, what is wrong with it, and how text becomes one. */
import { type Expected, expectedInWords } from '../../contract/expected.ts'

export interface Schema extends Expected {
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly default?: unknown
  /** The label, where the name of the property does not say it. */
  readonly title?: string
  readonly description?: string
  /** Shown in an empty field: what no value means. */
  readonly placeholder?: string
  /** The first is what a value begins as that must be given and has no default. */
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
}

export type Settings = Readonly<Record<string, unknown>>

/** One value that cannot be used: where, by its path ('training.schedule.rate'), and what was expected. */
export interface Fault {
  readonly path: string
  readonly text: string
}

export const propertiesOf = (schema: Schema): [string, Schema][] => Object.entries(schema.properties ?? {})

/** Whether an object may do without a property: there is nothing that stands for it. */
export const isOptional = ({ required = [] }: Schema, name: string, part: Schema): boolean =>
  part.default === undefined && !required.includes(name)

const isObject = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A schema that allows `null` beside one thing: that thing. */
export function nullableOf(schema: Schema): Schema | null {
  const ways = schema.anyOf ?? schema.oneOf
  if (ways?.length !== 2 || !ways.some(({ type }) => type === 'null')) return null
  const inner = ways.find(({ type }) => type !== 'null')
  return inner ? { description: schema.description, placeholder: schema.placeholder, ...inner } : null
}

export interface Variants {
  /** The property that tells the variants apart. */
  readonly key: string
  readonly names: readonly string[]
  of(name: unknown): Schema | null
}

/** Objects told apart by a constant that each has. */
export function variantsOf(schema: Schema): Variants | null {
  const ways = schema.oneOf ?? schema.anyOf
  const key = propertiesOf(ways?.[0] ?? {}).find(([, { const: constant }]) => typeof constant === 'string')?.[0]
  if (!ways || key === undefined) return null
  const named = new Map(ways.map(way => [way.properties?.[key]?.const, way]))
  return { key, names: [...named.keys()].map(String), of: name => named.get(name) ?? null }
}

/** The schema of a variant without the constant that names it. */
export function restOf({ key, of }: Variants, name: unknown): Schema {
  const variant = of(name)
  const { [key]: _, ...properties } = variant?.properties ?? {}
  return { type: 'object', properties, required: variant?.required }
}

/** What a value begins as. */
export function standardOf(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (schema.examples) return schema.examples[0]
  if (nullableOf(schema)) return null
  const variants = variantsOf(schema)
  if (variants) return standardOf(variants.of(variants.names[0])!)
  if (schema.enum) return schema.enum[0]
  if (schema.type === 'object') return complete(schema, {})
  if (schema.type === 'array') return []
  if (schema.type === 'boolean') return false
  if (schema.type === 'string') return ''
  return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1)
}

/** A value with everything that its schema asks for and it lacks; what the schema does not know is left out. */
export function complete(schema: Schema, value: unknown): unknown {
  if (value === undefined) return complete(schema, standardOf(schema))
  const inner = nullableOf(schema)
  if (inner) return value === null ? null : complete(inner, value)
  const variants = variantsOf(schema)
  if (variants && isObject(value)) {
    const variant = variants.of(value[variants.key])
    return variant ? complete(variant, value) : value
  }
  if (schema.type !== 'object' || !schema.properties || !isObject(value)) return value
  return Object.fromEntries(
    propertiesOf(schema)
      .filter(([each, part]) => value[each] !== undefined || !isOptional(schema, each, part))
      .map(([each, part]) => [each, complete(part, value[each])]),
  )
}

/** Another variant, which keeps what both have and may keep. */
export function withVariant(schema: Schema, value: Settings, name: string): Settings {
  const { key, of } = variantsOf(schema)!
  const variant = of(name)!
  const kept = propertiesOf(variant).filter(
    ([each, part]) => each !== key && each in value && faultsOf(part, value[each]).length === 0,
  )
  const begun = { ...Object.fromEntries(kept.map(([each]) => [each, value[each]])), [key]: name }
  return complete(variant, begun) as Settings
}

function numberFault(schema: Schema, value: unknown): string | null {
  const whole = schema.type === 'integer'
  const within =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (!whole || Number.isInteger(value)) &&
    value >= (schema.minimum ?? Number.NEGATIVE_INFINITY) &&
    value > (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
    value <= (schema.maximum ?? Number.POSITIVE_INFINITY) &&
    value < (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)
  return within ? null : expectedInWords(schema)
}

export function faultsOf(schema: Schema, value: unknown, path = ''): Fault[] {
  const inner = nullableOf(schema)
  if (inner) return value === null ? [] : faultsOf(inner, value, path)
  const variants = variantsOf(schema)
  if (variants) {
    const variant = isObject(value) ? variants.of(value[variants.key]) : null
    return variant ? faultsOf(variant, value, path) : [{ path, text: `Expected ${variants.names.join(', ')}` }]
  }
  if (schema.const !== undefined)
    return value === schema.const ? [] : [{ path, text: `Expected ${String(schema.const)}` }]
  if (schema.enum)
    return schema.enum.includes(value as string) ? [] : [{ path, text: `Expected ${schema.enum.join(', ')}` }]
  if (schema.type === 'number' || schema.type === 'integer') {
    const text = numberFault(schema, value)
    return text ? [{ path, text }] : []
  }
  if (schema.pattern !== undefined) {
    const fits = typeof value === 'string' && new RegExp(schema.pattern).test(value)
    return fits ? [] : [{ path, text: expectedInWords(schema) }]
  }
  if (schema.type === 'array') {
    const { items } = schema
    if (!Array.isArray(value) || !items) return []
    const bad = value.find(item => faultsOf(items, item).length > 0)
    return bad === undefined ? [] : [{ path, text: `${faultsOf(items, bad)[0].text}, got ${rowText(items, bad)}` }]
  }
  if (schema.type !== 'object' || !isObject(value)) return []
  return propertiesOf(schema).flatMap(([name, part]) =>
    value[name] === undefined && isOptional(schema, name, part)
      ? []
      : faultsOf(part, value[name], path ? `${path}.${name}` : name),
  )
}

/** Text as a number; what is none stays text, so that it can be said. */
export function numberFrom(text: string): number | string {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const number = Number(trimmed)
  return Number.isFinite(number) ? number : text
}

export const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

/** '100, 200' → [100, 200] */
export const listFrom = (text: string): (number | string)[] =>
  text
    .split(/[\s,;]+/)
    .filter(part => part !== '')
    .map(numberFrom)

/** '8/0.04, 16/0.02' → objects with the schema's properties, in the schema's order. */
export const rowsFrom = (items: Schema, text: string): Settings[] =>
  text
    .split(/[,;]+/)
    .filter(row => row.trim() !== '')
    .map(row => {
      const values = row.trim().split(/[\s/]+/)
      return Object.fromEntries(propertiesOf(items).map(([name], i) => [name, numberFrom(values[i] ?? '')]))
    })

const rowText = (items: Schema, row: unknown): string =>
  isObject(row)
    ? propertiesOf(items)
        .map(([name]) => textOf(row[name]))
        .join('/')
    : textOf(row)

/** [8, 16] → '8, 16', and objects as `rowsFrom` reads them. */
export const listText = (items: Schema, list: readonly unknown[]): string =>
  list.map(item => rowText(items, item)).join(', ')

/** One more or less of the first digit: what the arrow keys do to a number of any size. */
export function nudge(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 0.1
  const size = Math.abs(value)
  const falls = Math.sign(value) !== direction
  // 0.001 falls to 0.0009: below a power of ten its digit is a smaller one.
  const power = Math.floor(Math.log10(size) + 1e-9) - (falls && isPowerOfTen(size) ? 1 : 0)
  return Number((value + direction * 10 ** power).toPrecision(12))
}

const isPowerOfTen = (size: number) => Math.abs(Math.log10(size) - Math.round(Math.log10(size))) < 1e-9

/** Whether two values say the same, whatever the order of their properties. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every(name => same(a[name], b[name]))
}

/** 'minimumArea' → 'minimum area' */
export const shortOf = (name: string): string =>
  name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')

/** 'minimumArea' → 'Minimum area' */
export const labelOf = (name: string): string => shortOf(name).replace(/^./, letter => letter.toUpperCase())

/** 'crop 64, flip yes, blur 0.5, …' */
export function summaryOf(schema: Schema, value: Settings): string {
  const parts = propertiesOf(schema).flatMap(([name]) => {
    const part = value[name]
    if (typeof part === 'boolean') return part ? [shortOf(name)] : []
    return typeof part === 'number' || typeof part === 'string' ? [`${shortOf(name)} ${shortOf(String(part))}`] : []
  })
  return parts.join(', ') || 'nothing to set'
}
