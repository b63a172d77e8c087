/**
 * One reproduction: its progress, Table 1, the gain of each method, the figures, and the reductions from the original
 * settings.
 */
import { Button, Progress } from '@mantine/core'
import { memo, useEffect, useMemo, useState } from 'react'
import type { Reproduction, ReproductionReport } from '../../contract/reproduction.ts'
import { count } from '../../presentation/numbers.ts'
import { errorText } from '../app/client.ts'
import { goToScreen } from '../app/navigation.ts'
import { useCatalogue, useReproductionFigures, useReproductionReport } from '../app/queries.ts'
import { OriginBadge } from '../viewer/badges.tsx'
import { resumeReproduction, saveReproduction, stopReproduction } from './actions.ts'
import { SeveralParts } from './parts.tsx'
import style from './reproduction-page.module.css'
import { isIncomplete, leftInWords, onePartInWords, plannedWords, StatusMark, useRequestWords } from './state.tsx'
import { ReproductionTables } from './tables.tsx'

export function ReproductionPage({ reproduction }: { reproduction: Reproduction }) {
  const { id, study, request } = reproduction
  const { data: report, error, refetch } = useReproductionReport(id)
  const words = useRequestWords(request)
  return (
    <section className={style.page} aria-label={`Reproduction ${id}`}>
      <header className={style.head}>
        <h2 className="truncate" title={study}>
          {study}
        </h2>
        {report && <OriginBadge origin={report.origin} />}
        <span className={`${style.request} truncate`} title={words}>
          {words}
        </span>
        <span className={style.spacer} />
        <Actions reproduction={reproduction} any={(report?.rows.length ?? 0) > 0} />
      </header>
      <div className={style.scroll}>
        <State reproduction={reproduction} />
        {error ? (
          <div className={style.failure} role="alert">
            <p className="selectable">{errorText(error)}</p>
            <Button onClick={() => refetch()}>Try again</Button>
          </div>
        ) : report ? (
          <Body reproduction={reproduction} report={report} />
        ) : (
          <div className={style.skeleton} role="status" aria-label="Loading" />
        )}
      </div>
    </section>
  )
}

const SAVE = 'Save page, JSON and figures'

function Actions({ reproduction, any }: { reproduction: Reproduction; any: boolean }) {
  const { status } = reproduction
  const resumable = status === 'stopped' || status === 'failed' || isIncomplete(reproduction)
  const [busy, setBusy] = useState<'stop' | 'resume' | 'save' | null>(null)
  const doing = (what: typeof busy, act: (of: Reproduction) => Promise<void>) => async () => {
    setBusy(what)
    await act(reproduction)
    setBusy(null)
  }
  return (
    <>
      {status === 'running' && (
        <Button loading={busy === 'stop'} onClick={doing('stop', stopReproduction)}>
          Stop
        </Button>
      )}
      {resumable && (
        <Button variant="filled" loading={busy === 'resume'} onClick={doing('resume', resumeReproduction)}>
          Resume
        </Button>
      )}
      {any && (
        <Button
          variant={status === 'finished' && !resumable ? 'filled' : 'default'}
          loading={busy === 'save'}
          onClick={doing('save', saveReproduction)}
        >
          {SAVE}
        </Button>
      )}
    </>
  )
}

/** One line at the top of the page. The line stays there after the reproduction ends. */
function State({ reproduction }: { reproduction: Reproduction }) {
  const { status, done, planned, current, reason } = reproduction
  return (
    <div className={style.state}>
      <StatusMark status={status} />
      <span className={style.stateWords}>
        {status}, {done} of {plannedWords(reproduction)}
        {leftInWords(reproduction)}
      </span>
      <Progress
        className={style.progress}
        size="xs"
        value={planned > 0 ? (100 * done) / planned : 0}
        aria-label="Progress"
      />
      <span className="secondary truncate">
        {current.length === 1 && onePartInWords(current[0])}
        {isIncomplete(reproduction) && 'The other rows failed, or the recipes have changed.'}
      </span>
      <SeveralParts parts={current} />
      {reason && status !== 'finished' && <span className={style.reason}>{reason}</span>}
    </div>
  )
}

/** Memoised, because the progress above changes far more often than the report. */
const Tables = memo(ReproductionTables)

const openRun = (run: string) => goToScreen('runs', run)

function Body({ reproduction, report }: { reproduction: Reproduction; report: ReproductionReport }) {
  const { data: catalogue } = useCatalogue()
  const methods = useMemo(() => (catalogue?.methods ?? []).map(({ id }) => id), [catalogue])
  const { remarks, failures, reductions, folds } = report
  return (
    <div className={style.body}>
      {remarks.length > 0 && (
        <ul className={style.remarks}>
          {remarks.map(remark => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
      {failures.length > 0 && (
        <section className={style.failures} aria-label="What failed">
          <h3>{count(failures.length, 'row')} could not be computed</h3>
          <ul>
            {failures.map(({ key, reason }) => (
              <li key={key}>
                {key}: {reason}
              </li>
            ))}
          </ul>
        </section>
      )}
      {report.rows.length > 0 ? (
        <Tables report={report} methods={methods} onRun={openRun} />
      ) : (
        <p className="secondary">
          {reproduction.status === 'running'
            ? 'A row appears when its training finishes.'
            : 'No row is finished. Resume the reproduction to continue.'}
        </p>
      )}
      <Figures reproduction={reproduction} />
      <details className={style.details} open={reductions.length > 0 && reductions.length <= 4}>
        <summary>{count(reductions.length, 'reduction')} from the original settings</summary>
        <ul>
          {reductions.map(reduction => (
            <Reduction key={reduction} text={reduction} />
          ))}
        </ul>
      </details>
      <details className={style.details}>
        <summary>
          {folds.length > 1 ? `${folds.length} splits` : 'The split'}: patients for training, validation and test
        </summary>
        <ul>
          {folds.map(({ name, train, val, test }) => (
            <li key={name}>
              {name}: trained on {train.join(', ')}; checkpoint chosen on {val.join(', ')}; tested on {test.join(', ')}
            </li>
          ))}
        </ul>
      </details>
      <p className="secondary">
        {report.device} · started {new Date(report.createdAt).toLocaleString()}
      </p>
    </div>
  )
}

/** 'SimCLR: channels 16 in place of 32; …'. A reduction of four or more settings has one line for each setting. */
function Reduction({ text }: { text: string }) {
  const [, what, settings = ''] = /^([^:]+): (.+)\.$/.exec(text) ?? []
  const parts = settings.split('; ')
  if (parts.length < 4) return <li>{text}</li>
  return (
    <li>
      {what}
      <ul className={style.settings}>
        {parts.map(part => (
          <li key={part}>{part}</li>
        ))}
      </ul>
    </li>
  )
}

function Figures({ reproduction: { id } }: { reproduction: Reproduction }) {
  const { data, isPending } = useReproductionFigures(id)
  if (isPending) return <div className={style.figureSkeleton} role="status" aria-label="Loading the figures" />
  return data?.map(({ name, title, svg }) => <Drawing key={name} svg={svg} title={title} />)
}

/** Draws the SVG as an image, because a browser runs no script inside an image. */
function Drawing({ svg, title }: { svg: string; title: string }) {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [svg])
  if (!url) return null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a figure wider than the page scrolls, with the keyboard too
    <figure className={style.figure} tabIndex={0} aria-label={title}>
      <img className={style.drawing} src={url} alt={title} />
    </figure>
  )
}
