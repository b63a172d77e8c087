/** When works end that go on at several places. */

export interface Work {
  readonly key: string
  readonly seconds: number
  /** Keys of the works that must end before this work begins. Other keys do not count. */
  readonly needs: readonly string[]
  /** Whether the work has a place already, and is therefore the first. */
  readonly goesOn: boolean
}

/**
 * Seconds until all works have ended. A free place gets the first work whose needs have ended, as in `goThrough`. The
 * end is therefore that of the longest chain, or that of the places.
 */
export function endOf(works: readonly Work[], places: number): number {
  const open = new Set(works.map(({ key }) => key))
  const waiting = works.toSorted((a, b) => Number(b.goesOn) - Number(a.goesOn))
  const going: { readonly key: string; readonly end: number }[] = []
  const isReady = ({ needs }: Work) => needs.every(key => !open.has(key))
  let now = 0
  while (waiting.length > 0 || going.length > 0) {
    while (going.length < places) {
      const next = waiting.findIndex(isReady)
      if (next < 0) break
      const [{ key, seconds }] = waiting.splice(next, 1)
      going.push({ key, end: now + seconds })
    }
    if (going.length === 0) return now // the works that are left need each other
    const first = going.reduce((a, b) => (b.end < a.end ? b : a))
    going.splice(going.indexOf(first), 1)
    open.delete(first.key)
    now = first.end
  }
  return now
}
