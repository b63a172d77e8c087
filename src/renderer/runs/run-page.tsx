/** One run: what it is, what can be done with it, its validation slice after each epoch, what made it. */
import { Button, CopyButton, Tooltip } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { previewPath } from '../../contract/images.ts'
import { lossInWords } from '../../contract/report.ts'
import type { RunView, TrainingEvent } from '../../contract/runs.ts'
import { formatDuration, formatLoss, formatNmse, formatPsnr, formatSsim } from '../../presentation/numbers.ts'
import { maskInWords } from '../../presentation/protocol.ts'
import { fitWindow, ownWindow } from '../../presentation/windows.ts'
import { takeProgress, useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { showFeatures } from '../app/open-features.ts'
import { useNetworkLabel, useRun, useStudies } from '../app/queries.ts'
import { cancelRun, fineTune, hideRun, pauseRun, resumeRun, runAgain } from '../app/run-actions.ts'
import { runLabel, STATUS_LABEL } from '../format.ts'
import { putPixels } from '../viewer/canvas.ts'
import { GREY, paint } from '../viewer/drawing.ts'
import { openStudy, showSource } from '../viewer/view.ts'
import { FineTuneButton } from '../widgets/fine-tune.tsx'
import { Health } from './health.tsx'
import { recipeSummary } from './recipe-fields.tsx'
import { RunState, StatusMark } from './run-line.tsx'
import style from './runs.module.css'

/** What is to be known of the data that it was trained on. */
const CONTENTS: Readonly<Record<NonNullable<RunView['contents']>, string | null>> = {
  current: null,
  changed:
    'Files of the study have changed since this run was trained. The numbers of this run are of the old contents.',
  'not recorded':
    'Content not recorded: files of the study were written since this run began. No new report takes its numbers.',
}

const ended = (run: RunView) => run.status !== 'queued' && run.status !== 'running'

export function RunPage({ run }: { run: RunView }) {
  const { data: detail } = useRun(run.id)
  const progress = useLive(state => state.progress[run.id])
  const heard = progress !== undefined
  useEffect(() => {
    if (detail && run.status === 'running' && !heard) takeProgress(run.id, detail.events)
  }, [detail, run.status, run.id, heard])
  const previews = useMemo(
    () => (detail?.events ?? []).flatMap(({ event }) => (event.type === 'preview' ? [event] : [])),
    [detail],
  )
  return (
    <article className={style.page} aria-label={`Run ${run.id}`}>
      <header className={style.pageHead}>
        <h2>
          <StatusMark status={run.status} /> Run {run.id}, {runLabel(run)}:{' '}
          {ended(run) ? STATUS_LABEL[run.status] : <RunState run={run} />}
        </h2>
        {CONTENTS[run.contents ?? 'current'] && <p className={style.reason}>{CONTENTS[run.contents ?? 'current']}</p>}
        {run.reason && run.status !== 'finished' && <p className={style.reason}>{run.reason}</p>}
        {progress?.waiting && !ended(run) && (
          <p className={style.reason} role="status">
            {progress.waiting}
          </p>
        )}
        {detail?.notes
          .filter(({ level }) => run.kind !== 'pretrain' || level !== 'warning') // warnings are beside the figures
          .map(({ text }) => (
            <p key={text} className="secondary">
              {text}
            </p>
          ))}
        <div className={style.buttons}>
          <FineTuneButton run={run} />
          {run.status === 'running' && <StopButtons run={run} />}
          {run.status === 'queued' && <Button onClick={() => cancelRun(run)}>Cancel</Button>}
          {run.resumable && (
            <Tooltip label={`Goes on after step ${run.stateStep}, exactly as if it had not stopped.`}>
              <Button
                variant={run.status === 'paused' || run.status === 'interrupted' ? 'filled' : 'default'}
                onClick={() => resumeRun(run)}
              >
                Resume
              </Button>
            </Tooltip>
          )}
          {run.suggestion && <SmallerBatch run={run} suggestion={run.suggestion} />}
          <CompareButton run={run} />
          {run.checkpoint && <Button onClick={() => showFeatures(run.id)}>Feature maps</Button>}
          {ended(run) && run.kind !== 'import' && <Button onClick={() => runAgain(run)}>Run again</Button>}
          {ended(run) && <Button onClick={() => hideRun(run)}>Take off the list</Button>}
        </div>
        {run.milestones.length > 0 && <Milestones run={run} />}
      </header>
      {detail && run.kind === 'pretrain' && <Health run={run} detail={detail} />}
      <Previews run={run} previews={previews} />
      <Facts run={run} environment={detail?.environment ?? {}} />
    </article>
  )
}

function StopButtons({ run }: { run: RunView }) {
  const stopping = useLive(state => state.stopping[run.id])
  if (stopping) return <Button disabled>{stopping}</Button>
  return (
    <>
      <Tooltip label="Finishes the step, writes everything down and lets the next run in. Resuming goes on exactly there.">
        <Button onClick={() => pauseRun(run)}>Pause</Button>
      </Tooltip>
      <Button onClick={() => cancelRun(run)}>Cancel</Button>
    </>
  )
}

/** After it ran out of memory: the same step in smaller parts. */
function SmallerBatch({ run, suggestion }: { run: RunView; suggestion: NonNullable<RunView['suggestion']> }) {
  const { batch, accumulate } = suggestion
  return (
    <Tooltip label="The gradients of the smaller batches are averaged into one step: the same training, in less memory.">
      <Button variant="filled" onClick={() => runAgain(run, suggestion)}>
        Try again with batch {batch}
        {accumulate > 1 && `, ${accumulate} gradients a step`}
      </Button>
    </Tooltip>
  )
}

/** Weights kept at epochs that the recipe names; fine-tuning may start from each. */
function Milestones({ run }: { run: RunView }) {
  return (
    <p className={style.buttons}>
      <span className="secondary">Fine-tune from epoch</span>
      {run.milestones.map(epoch => (
        <Button key={epoch} size="compact-xs" onClick={() => fineTune(run, true, epoch)}>
          {epoch}
        </Button>
      ))}
      <span className="secondary">(with control)</span>
    </p>
  )
}

function CompareButton({ run }: { run: RunView }) {
  const { data: studies } = useStudies()
  const study = studies?.find(({ name }) => name === run.study)
  if (!run.checkpoint || !study) return null
  const show = () => {
    openStudy(study.id)
    const slot = run.kind === 'finetune' ? 'fine-tuned' : run.kind === 'train' ? 'baseline' : 'pretrained'
    showSource(slot, `run:${run.id}`)
    goToScreen('compare')
  }
  return <Button onClick={show}>Compare its images</Button>
}

type Preview = Extract<TrainingEvent, { type: 'preview' }>

/** The validation slice after each epoch: a strip, the chosen epoch large. The newest is followed until another is chosen. */
function Previews({ run, previews }: { run: RunView; previews: readonly Preview[] }) {
  const [chosen, setChosen] = useState<number | null>(null)
  if (previews.length === 0) {
    if (run.kind === 'import') return null
    return (
      <section className={style.previews}>
        <h3>Validation slice</h3>
        <p className="secondary">
          {ended(run)
            ? 'No epoch was validated.'
            : 'An image of one validation slice comes after each validated epoch.'}
        </p>
      </section>
    )
  }
  const shown = previews.find(({ epoch }) => epoch === chosen) ?? previews.at(-1)!
  return (
    <section className={style.previews}>
      <h3>
        Validation slice: {shown.file}, slice {shown.slice + 1}, after epoch {shown.epoch}
        {shown.units === 'arbitrary' && <span className="secondary"> · arbitrary units, own window</span>}
      </h3>
      <div className={style.previewBody}>
        <PreviewImage run={run.id} preview={shown} size={240} />
        <div className={style.strip}>
          {previews.map(preview => (
            <button
              key={preview.epoch}
              type="button"
              aria-pressed={preview.epoch === shown.epoch}
              aria-label={`Epoch ${preview.epoch}`}
              className={style.stripItem}
              onClick={() => setChosen(preview === previews.at(-1) ? null : preview.epoch)}
            >
              <PreviewImage run={run.id} preview={preview} size={56} />
              <span>{preview.epoch}</span>
            </button>
          ))}
        </div>
      </div>
    </section>
  )
}

function PreviewImage({ run, preview, size }: { run: string; preview: Preview; size: number }) {
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null)
  const { epoch, shape, units } = preview
  useEffect(() => {
    if (!canvas) return
    let wanted = true
    void fetch(previewPath(run, epoch))
      .then(response => (response.ok ? response.arrayBuffer() : null))
      .then(bytes => {
        if (!bytes || !wanted) return
        const values = new Float32Array(bytes)
        const window = units === 'arbitrary' ? ownWindow(values) : fitWindow(values)
        putPixels(canvas, shape, pixels => paint(values, window, GREY, pixels))
      })
      .catch(() => {}) // the strip keeps its place; the next epoch asks again
    return () => {
      wanted = false
    }
  }, [canvas, run, epoch, shape, units])
  return <canvas ref={setCanvas} className={style.preview} style={{ width: size, height: size }} />
}

const ENVIRONMENT_LABEL: Readonly<Record<string, string>> = {
  selfMri: 'Self-MRI',
  node: 'Node',
  tfjs: 'TensorFlow.js',
  tensorflow: 'TensorFlow',
  variant: 'variant',
}

function Facts({ run, environment }: { run: RunView; environment: Readonly<Record<string, unknown>> }) {
  const { config, summary, checkpoint, metrics } = run
  const { recipe, pretext, fineTuning } = config
  const network = useNetworkLabel(config.network)
  const facts: [string, string][] = [
    ['study', run.study],
    ['network', `${network}${run.channels ? `-${run.channels}` : ''}`],
    [
      'start',
      run.parent === null
        ? run.kind === 'import'
          ? 'the imported file'
          : 'drawn from the seed'
        : `${/^\d+$/.test(run.parent) ? 'run ' : ''}${run.parent}${run.parentEpoch ? `, epoch ${run.parentEpoch}` : ''}`,
    ],
    ['seed', String(config.seed)],
    ...(recipe
      ? ([
          [
            'epochs',
            `${run.epochs.done} of ${run.epochs.planned}, batch ${recipe.batch}${recipe.accumulate > 1 ? ` × ${recipe.accumulate}` : ''}`,
          ],
          [
            'optimizer',
            `${recipe.optimizer.kind}, rate ${recipe.schedule.rate}, schedule ${recipe.schedule.kind}${recipe.precision ? `, ${recipe.precision}` : ''}`,
          ],
        ] as [string, string][])
      : []),
    ['mask', maskInWords(config.mask)],
    ...(pretext
      ? ([
          [
            'pretext',
            `measurement ${pretext.measurement}, view masks ${pretext.viewMasks}${pretext.reconstruction > 0 ? `, reconstruction term ${pretext.reconstruction}` : ''}`,
          ],
        ] as [string, string][])
      : []),
    ...(run.kind === 'pretrain' && fineTuning
      ? ([['fine-tuning', recipeSummary(fineTuning)]] as [string, string][])
      : []),
    ...(summary
      ? ([
          [
            'time',
            `${formatDuration(summary.seconds.steps)} of steps, ${formatDuration(summary.seconds.validation)} of validation`,
          ],
          ['loss', lossInWords(summary, (pretext?.reconstruction ?? 0) > 0, formatLoss)],
        ] as [string, string][])
      : []),
    ...(metrics
      ? ([
          [
            'validation',
            `SSIM ${formatSsim(metrics.ssim)}, PSNR ${formatPsnr(metrics.psnr)} dB, NMSE ${formatNmse(metrics.nmse)}, epoch ${run.keptEpoch}`,
          ],
        ] as [string, string][])
      : []),
    ...Object.entries(environment)
      .filter(([, value]) => value !== null && typeof value !== 'object')
      .map(([name, value]): [string, string] => [
        ENVIRONMENT_LABEL[name] ?? name,
        String(value).replace(/^([0-9a-f]{12})[0-9a-f]{20,}$/, '$1…'), // of a hash its beginning
      ]),
  ]
  return (
    <section className={style.facts}>
      <h3>What made it</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {checkpoint && (
          <div>
            <dt>checkpoint</dt>
            <dd className="mono">
              <Tooltip label={`SHA-256 ${checkpoint.sha256}`}>
                <span className={style.path}>{checkpoint.path}</span>
              </Tooltip>{' '}
              <CopyButton value={checkpoint.path}>
                {({ copied, copy }) => (
                  <Button size="compact-xs" onClick={copy}>
                    {copied ? 'Copied' : 'Copy path'}
                  </Button>
                )}
              </CopyButton>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}
