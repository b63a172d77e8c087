/** All settings of a recipe, in parts that fold. The heading of a folded part sums it up. */
import { Button } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { type ReactNode, useId } from 'react'
import type { Catalogue } from '../../contract/catalogue.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import type { RecipeSettings } from '../../contract/recipes.ts'
import { trainingMaskInWords } from '../../presentation/protocol.ts'
import { STANDARD_MASK } from '../viewer/sources.ts'
import { SchemaForm } from '../widgets/schema-form.tsx'
import { type Schema, type Settings, summaryOf } from '../widgets/settings-schema.ts'
import style from './recipe-fields.module.css'
import {
  COMMON,
  type FieldValues,
  KEEPING,
  keepingSummary,
  optimizerSummary,
  type Part,
  partOf,
  recipeSummary,
  type Schemas,
} from './recipe-parts.ts'

interface Props {
  readonly catalogue: Catalogue
  readonly values: FieldValues
  readonly schemas: Schemas
  readonly faults: ReadonlyMap<string, string>
  readonly open: ReadonlySet<Part>
  readonly onOpen: (part: Part) => void
  readonly onSettings: (settings: RecipeSettings) => void
  readonly onMask: (mask: Settings) => void
  /** Beside the training's own fields. */
  readonly children: ReactNode
}

export function RecipeFields(props: Props) {
  const { catalogue, values, schemas, faults, open, onOpen, onSettings, onMask, children } = props
  const { settings, mask } = values
  const { method, network, training, fineTuning, pretext, networkConfig, methodConfig } = settings
  const label = (list: readonly { id: string; label: string }[], id: string | null) =>
    list.find(each => each.id === id)?.label ?? id
  const change = (changes: Partial<Record<keyof RecipeSettings, unknown>>) =>
    onSettings({ ...settings, ...changes } as RecipeSettings)
  const wrong = (part: Part) => [...faults.keys()].filter(path => partOf(path) === part).length
  const fold = (part: Part) => ({ open: open.has(part), onOpen: () => onOpen(part), wrong: wrong(part) })
  /** Of one part of the settings, or of some of its fields; `path` is what faults are told by. */
  const form = (schema: Schema, part: keyof RecipeSettings, path: string, only?: readonly string[]) => (
    <SchemaForm
      schema={schema}
      value={settings[part] as Settings}
      onChange={next => change({ [part]: next })}
      path={path}
      faults={faults}
      only={only}
    />
  )
  const maskWords = trainingMaskInWords(mask as MaskSpec, method === null ? 'train' : 'pretrain')
  return (
    <div className={style.parts}>
      <Fold
        {...fold('training')}
        title={method === null ? 'Training' : 'Pre-training'}
        summary={recipeSummary(training)}
      >
        {form(schemas.recipe, 'training', 'training', COMMON)}
        {children}
      </Fold>
      <Fold {...fold('optimizer')} title="Optimizer" summary={optimizerSummary(training.optimizer)}>
        {form(schemas.recipe, 'training', 'training', ['optimizer'])}
      </Fold>
      <Fold
        {...fold('network')}
        title={`Network: ${label(catalogue.networks, network)}`}
        summary={summaryOf(schemas.network, networkConfig)}
      >
        {form(schemas.network, 'networkConfig', 'network')}
      </Fold>
      {schemas.method && Object.keys(schemas.method.properties ?? {}).length > 0 && (
        <Fold
          {...fold('method')}
          title={`Method: ${label(catalogue.methods, method)}`}
          summary={summaryOf(schemas.method, methodConfig)}
        >
          {form(schemas.method, 'methodConfig', 'method')}
        </Fold>
      )}
      {pretext && (
        <Fold {...fold('pretext')} title="Training data access" summary={summaryOf(schemas.pretext, pretext)}>
          {form(schemas.pretext, 'pretext', 'pretext')}
        </Fold>
      )}
      <Fold {...fold('keeping')} title="Gradients, stopping, saving" summary={keepingSummary(training)}>
        {form(schemas.recipe, 'training', 'training', KEEPING)}
      </Fold>
      {fineTuning && (
        <Fold {...fold('fineTuning')} title="Fine-tune after pre-training" summary={recipeSummary(fineTuning)}>
          {form(schemas.recipe, 'fineTuning', 'fineTuning')}
        </Fold>
      )}
      <Fold {...fold('mask')} title="Mask" summary={maskWords}>
        {mask.kind === 'file' ? (
          <p className="secondary">
            {maskWords}. <Button onClick={() => onMask(STANDARD_MASK)}>Use a drawn mask</Button>
          </p>
        ) : (
          <SchemaForm schema={schemas.mask} value={mask} onChange={onMask} path="mask" faults={faults} />
        )}
      </Fold>
    </div>
  )
}

function Fold(props: {
  title: string
  summary: string
  open: boolean
  wrong: number
  onOpen: () => void
  children: ReactNode
}) {
  const { title, summary, open, wrong, onOpen, children } = props
  const id = useId()
  return (
    <section className={style.part} aria-labelledby={id}>
      <button type="button" className={style.heading} aria-expanded={open} onClick={onOpen}>
        <IconChevronRight className={style.chevron} size={14} />
        <span id={id} className={style.title}>
          {title}
        </span>
        {wrong > 0 && <span className={style.wrong}>{wrong} to correct</span>}
        {!open && <span className={style.summary}>{summary}</span>}
      </button>
      {open && <div className={style.body}>{children}</div>}
    </section>
  )
}
