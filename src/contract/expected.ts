/** What a setting must be, in words, by its JSON Schema. The window's forms and the command line use these words. */

export interface Expected {
  readonly type?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly exclusiveMaximum?: number
  /** The sentence of a text with a pattern. */
  readonly expected?: string
}

const limits = ({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Expected): string =>
  [
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `more than ${exclusiveMinimum}`,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && `at most ${maximum}`,
    exclusiveMaximum !== undefined && `less than ${exclusiveMaximum}`,
  ]
    .filter(Boolean)
    .join(', ')

/** 'Expected a whole number, at least 0, at most 1' */
export function expectedInWords(schema: Expected): string {
  if (schema.expected !== undefined) return schema.expected
  if (schema.type === 'string') return 'Expected a text'
  const bounds = limits(schema)
  return `Expected a ${schema.type === 'integer' ? 'whole number' : 'number'}${bounds && `, ${bounds}`}`
}
