/** Over a pane's image: how far the computation of a classical image is, and a button that ends it. */
import { Button, Progress } from '@mantine/core'
import { clock } from '../app/progress.ts'
import style from './computing.module.css'
import { type FrameProgress, stop, useProgress } from './frames.ts'

/** A shorter rest is not told. */
const LEAST_SECONDS = 1

function wordsOf(progress: FrameProgress | null): string {
  if (!progress) return 'Waiting …'
  const { done, total, from, at } = progress
  if (done === 0) return 'Coil maps …'
  const pace = from && done > from.done ? (at - from.at) / 1000 / (done - from.done) : null
  const left = pace === null ? 0 : pace * (total - done)
  return `${done} of ${total} iterations${left >= LEAST_SECONDS ? `, ${clock(left)} left` : ''}`
}

export function Computing({ url, title }: { readonly url: string; readonly title: string }) {
  const progress = useProgress(url)
  const share = progress && progress.done > 0 ? progress.done / progress.total : null
  const words = wordsOf(progress)
  return (
    <div className={style.computing}>
      <span className={style.words} title={words}>
        {words}
      </span>
      <Button size="compact-xs" aria-label={`Stop ${title}`} onClick={() => stop(url)}>
        Stop
      </Button>
      <Progress className={style.bar} size="xs" value={100 * (share ?? 0)} aria-label={`${title}: ${words}`} />
    </div>
  )
}
