/** The list of reproductions, and the open reproduction with its progress, tables and figures. */
import { Button } from '@mantine/core'
import { useMemo } from 'react'
import type { Reproduction } from '../../contract/reproduction.ts'
import { goToScreen, useScreen } from '../app/navigation.ts'
import { useReproductions } from '../app/queries.ts'
import { ReproductionPage } from './reproduction-page.tsx'
import style from './reproductions.module.css'
import { RequestForm } from './request-form.tsx'
import { StateWords, StatusMark, useRequestWords } from './state.tsx'

export function Reproductions() {
  const { data } = useReproductions()
  const reproductions = useMemo(() => data?.toSorted((a, b) => b.id - a.id), [data])
  const detail = useScreen(state => state.detail)
  if (!reproductions) return <div role="status" aria-label="Loading" />
  const asking = detail === 'new' || reproductions.length === 0
  const open = asking ? null : (reproductions.find(({ id }) => String(id) === detail) ?? reproductions[0])
  return (
    <div className={style.screen}>
      <section className={style.list} aria-label="Reproductions">
        <header className={style.head}>
          <h1>Reproductions</h1>
          {!asking && (
            <Button ml="auto" onClick={() => goToScreen('reproductions', 'new')}>
              Reproduce…
            </Button>
          )}
        </header>
        <div className={style.rows}>
          {reproductions.map(each => (
            <Row key={each.id} reproduction={each} open={each.id === open?.id} />
          ))}
          {reproductions.length === 0 && <p className={style.none}>No reproduction yet.</p>}
        </div>
      </section>
      {open ? (
        <ReproductionPage key={open.id} reproduction={open} />
      ) : (
        <RequestForm first={reproductions.length === 0} />
      )}
    </div>
  )
}

function Row({ reproduction, open }: { reproduction: Reproduction; open: boolean }) {
  const { id, study, status, request } = reproduction
  const words = useRequestWords(request)
  return (
    <button
      type="button"
      className={style.row}
      aria-current={open || undefined}
      data-reproduction={id}
      data-status={status}
      onClick={() => goToScreen('reproductions', String(id))}
    >
      <span className={style.rowTitle}>
        <StatusMark status={status} />
        <span className="truncate" title={study}>
          {study}
        </span>
      </span>
      <span className="secondary">{words}</span>
      <span className="secondary truncate">
        <StateWords reproduction={reproduction} />
      </span>
    </button>
  )
}
