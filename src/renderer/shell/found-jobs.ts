/** Tells when the window opens how many jobs there are, of an earlier window or of a command. */
import { useEffect, useRef } from 'react'
import { tellDone } from '../app/notify.tsx'
import { useRuns } from '../app/queries.ts'
import { foundJobsInWords } from '../app/run-job.ts'

export function useFoundJobs(): void {
  const { data: runs } = useRuns()
  const told = useRef(false)
  useEffect(() => {
    if (!runs || told.current) return
    told.current = true
    const words = foundJobsInWords(runs)
    if (words) tellDone(words)
  }, [runs])
}
