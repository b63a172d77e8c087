/** Reloads that are asked for often. */
const PAUSE_MS = 2000

/** Calls `reload` at once, and then at most every two seconds. The last request is always followed. */
export function atMostEvery2Seconds(reload: () => void): () => void {
  let pause: ReturnType<typeof setTimeout> | null = null
  let isAsked = false
  const end = () => {
    pause = null
    if (isAsked) ask()
  }
  const ask = () => {
    isAsked = pause !== null
    if (pause !== null) return
    pause = setTimeout(end, PAUSE_MS)
    reload()
  }
  return ask
}
