/** Which study is open, and which studies can be trained on. */
import { useEffect } from 'react'
import { useInfo, useStudies } from '../app/queries.ts'
import { openStudy, useView } from './view.ts'

/** The open study's number; the demonstration is opened where none is, or one that is no longer listed. */
export function useOpenStudy(): number | null {
  const { data: studies } = useStudies()
  const { data: info } = useInfo()
  const open = useView(view => view.study)
  useEffect(() => {
    if (studies && info && !studies.some(({ id }) => id === open)) openStudy(info.demonstration)
  }, [studies, info, open])
  return open
}

/** Studies that can be trained on, and the one to begin with: the open one where it is among them. */
export function useTrainable() {
  const { data: studies = [] } = useStudies()
  const open = useView(view => view.study)
  const trainable = studies.filter(({ kind }) => kind !== 'scans')
  return { trainable, first: trainable.find(({ id }) => id === open) ?? trainable[0] ?? null }
}
