/**
 * Starting a training: method (or none) × network × recipe, every setting behind them, and the views that a
 * pre-training begins with.
 */
import { Button, Drawer } from '@mantine/core'
import { useReducer, useRef, useState } from 'react'
import type { StartRequest } from '../../contract/api.ts'
import { client, errorText } from '../app/client.ts'
import { goToScreen } from '../app/navigation.ts'
import { useCatalogue, useRecipes } from '../app/queries.ts'
import { refresh } from '../app/refresh.ts'
import { useTrainable } from '../viewer/open-study.ts'
import { useView } from '../viewer/view.ts'
import { same } from '../widgets/settings-schema.ts'
import { WhereLine } from '../widgets/where-line.tsx'
import {
  beginDraft,
  type Change,
  canStart,
  changed,
  type Draft,
  type FormKind,
  faultsOfDraft,
  type Offered,
  requestOf,
  seedFault,
} from './draft.ts'
import { DraftRecipe, MethodAndNetwork, SeedField, StudySelect } from './draft-fields.tsx'
import { saveRecipe } from './recipe-actions.ts'
import { RecipeFields } from './recipe-fields.tsx'
import { schemasFor } from './recipe-parts.ts'
import style from './start-form.module.css'
import { ViewsPanel } from './views-panel.tsx'

export function StartForm({ kind, onClose }: { kind: FormKind | null; onClose: () => void }) {
  const { data: catalogue } = useCatalogue()
  const { data: own } = useRecipes()
  const [views, setViews] = useState(false)
  const close = () => {
    setViews(false)
    onClose()
  }
  return (
    <Drawer.Root
      opened={kind !== null && catalogue !== undefined && own !== undefined}
      onClose={close}
      position="right"
      size={views ? 'min(1320px, 100vw)' : 460}
      transitionProps={{ duration: 120 }}
      classNames={{ content: style.content }}
    >
      <Drawer.Overlay />
      <Drawer.Content>
        {kind && catalogue && own && (
          <Form key={kind} {...{ kind, views }} offered={{ catalogue, own }} onViews={setViews} onClose={close} />
        )}
      </Drawer.Content>
    </Drawer.Root>
  )
}

const WHAT = {
  pretrain:
    'Trains a network on sub-sampled images only, without ground truth. Fine-tune it afterwards with one click.',
  baseline: 'Trains a network on ground truth, as fastMRI does. Every pre-training is compared with such a baseline.',
} as const

interface Props {
  readonly kind: FormKind
  readonly offered: Offered
  readonly views: boolean
  readonly onViews: (shown: boolean) => void
  readonly onClose: () => void
}

/** The draft, what it asks for, and whether it may ask: if not, the first faulty field is shown and focused. */
function useDraft(offered: Offered, kind: FormKind) {
  const { trainable, first } = useTrainable()
  const [draft, change] = useReducer(
    (before: Draft, made: Change) => changed(offered, before, made),
    null,
    () => beginDraft(offered, kind, useView.getState().mask),
  )
  const form = useRef<HTMLFormElement>(null)
  const study = draft.study ?? first?.id ?? null
  const sound = () => {
    if (canStart(offered, draft)) return true
    change({ type: 'show faults' })
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
    return false
  }
  return { draft, change, form, studies: trainable, study, sound, request: () => requestOf(draft, study!) }
}

/** Starts what is asked for; what went wrong is kept to be shown. */
function useStart(onStarted: () => void) {
  const [starting, setStarting] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const start = async (request: StartRequest) => {
    setStarting(true)
    setError(null)
    try {
      const { runs } = await client.runs.start(request)
      await refresh('runs')
      onStarted()
      goToScreen('runs', runs[0])
    } catch (cause) {
      setError(errorText(cause))
    } finally {
      setStarting(false)
    }
  }
  return { start, starting, error }
}

function Form({ kind, offered, views, onViews, onClose }: Props) {
  const { catalogue } = offered
  const { draft, change, form, studies, study, sound, request } = useDraft(offered, kind)
  const { start, starting, error } = useStart(() => onViews(false))
  const [asked, setAsked] = useState<StartRequest | null>(null)
  const { settings } = draft
  const faults = faultsOfDraft(offered, draft)
  const method = catalogue.methods.find(({ id }) => id === settings.method)
  const choose = (made: Change) => {
    change(made)
    // A training from scratch has no views.
    if (made.type === 'method' && made.method === null) onViews(false)
  }
  const preview = () => {
    if (!sound()) return
    setAsked(request())
    onViews(true)
  }
  const save = async (name: string, id?: string) => {
    if (!sound()) return
    const saved = await saveRecipe({ id, name, settings })
    if (saved) change({ type: 'saved', id: saved.id })
  }
  return (
    <>
      <Drawer.Header className={style.header}>
        <Drawer.Title>{method ? 'Pre-training' : 'Baseline from scratch'}</Drawer.Title>
        <Drawer.CloseButton aria-label="Close" />
      </Drawer.Header>
      <div className={style.columns} data-views={views || undefined}>
        {views && asked && (
          <ViewsPanel
            request={asked}
            changed={faults.size > 0 || !same(asked, request())}
            onAgain={preview}
            onClose={() => onViews(false)}
          />
        )}
        <form
          ref={form}
          className={style.form}
          onSubmit={event => {
            event.preventDefault()
            if (sound()) void start(request())
          }}
        >
          <div className={style.scroll}>
            <div className={style.choices}>
              <p className="secondary">{method ? WHAT.pretrain : WHAT.baseline}</p>
              <StudySelect {...{ studies, study }} onChange={choose} />
              <MethodAndNetwork {...{ offered, draft }} onChange={choose} />
              <DraftRecipe {...{ offered, draft }} onChange={choose} onSave={save} />
            </div>
            <RecipeFields
              {...{ catalogue, faults }}
              schemas={schemasFor(catalogue, settings)}
              values={draft}
              open={draft.open}
              onOpen={part => change({ type: 'fold', part })}
              onSettings={next => change({ type: 'settings', settings: next })}
              onMask={mask => change({ type: 'mask', mask })}
            >
              <SeedField seed={draft.seed} fault={seedFault(draft)} onChange={change} />
            </RecipeFields>
            {method && <p className={style.paper}>{method.paper}</p>}
          </div>
          <Foot {...{ error, starting, onClose }} ready={study !== null} onPreview={method ? preview : null} />
        </form>
      </div>
    </>
  )
}

interface FootProps {
  readonly error: string | null
  readonly starting: boolean
  readonly ready: boolean
  /** `null`: there are no views. */
  readonly onPreview: (() => void) | null
  readonly onClose: () => void
}

const Foot = ({ error, starting, ready, onPreview, onClose }: FootProps) => (
  <div className={style.foot}>
    {error && (
      <p className={style.error} role="alert">
        {error}
      </p>
    )}
    <div className={style.where}>
      <WhereLine />
    </div>
    {onPreview && (
      <Button onClick={onPreview} disabled={!ready}>
        Preview views
      </Button>
    )}
    <span className={style.spacer} />
    <Button onClick={onClose}>Close</Button>
    <Button type="submit" variant="filled" loading={starting} disabled={!ready}>
      Start training
    </Button>
  </div>
)
