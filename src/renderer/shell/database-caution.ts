/** Tells when the window opens that the database is not safe where it is. */
import { useEffect } from 'react'
import { tellError } from '../app/notify.tsx'
import { useInfo } from '../app/queries.ts'

export function useDatabaseCaution(): void {
  const caution = useInfo().data?.caution
  useEffect(() => {
    if (caution) tellError(new Error(caution), 'The database is on a network disk')
  }, [caution])
}
