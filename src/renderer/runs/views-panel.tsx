/** The first batch of a pre-training as the network would get it, before anything is trained. */
import { Button } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useLayoutEffect, useRef } from 'react'
import type { StartRequest, Views } from '../../contract/api.ts'
import { client, errorText } from '../app/client.ts'
import { CopyAction } from '../app/copy-action.tsx'
import { putPixels } from '../viewer/canvas.ts'
import { GREY } from '../viewer/drawing.ts'
import style from './views-panel.module.css'

interface Props {
  readonly request: StartRequest
  /** The form says something else by now. */
  readonly changed: boolean
  readonly onAgain: () => void
  readonly onClose: () => void
}

export function ViewsPanel({ request, changed, onAgain, onClose }: Props) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['views', request],
    queryFn: ({ signal }) => client.runs.views(request, { signal }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  })
  return (
    <section className={style.panel} aria-label="Views of the first batch">
      <header className={style.head}>
        <h3>Views of the first batch</h3>
        <span className="secondary" role="status">
          {isFetching ? 'computing …' : changed ? 'the settings have changed since' : ''}
        </span>
        <span className={style.spacer} />
        {changed && !isFetching && (
          <Button size="compact-xs" onClick={onAgain}>
            Preview again
          </Button>
        )}
        <Button size="compact-xs" onClick={onClose}>
          Hide views
        </Button>
      </header>
      <div className={style.scroll} data-old={changed || isFetching || undefined}>
        {error ? (
          <Failure text={errorText(error)} onRetry={() => refetch()} />
        ) : data ? (
          <Batch views={data} />
        ) : (
          [0, 1, 2].map(row => <div key={row} className={style.skeleton} />)
        )}
      </div>
    </section>
  )
}

function Failure({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div className={style.failure} role="alert">
      <p className="selectable">{text}</p>
      <div className={style.buttons}>
        <Button onClick={onRetry}>Try again</Button>
        <CopyAction value={text} />
      </div>
    </div>
  )
}

function Batch({ views: { samples, cautions } }: { views: Views }) {
  return (
    <>
      {cautions.length > 0 && (
        <ul className={style.cautions} aria-label="Cautions">
          {cautions.map(caution => (
            <li key={caution}>{caution}</li>
          ))}
        </ul>
      )}
      <div className={style.samples}>
        {samples.map((sample, i) => (
          // Two samples may be of one slice.
          <section key={`${sample.name} ${i}`} className={style.sample}>
            <h4 className={style.name}>{sample.name}</h4>
            <div className={style.pictures}>
              {sample.pictures.map(picture => (
                <Picture key={picture.name} picture={picture} />
              ))}
            </div>
          </section>
        ))}
      </div>
      <p className={style.window}>
        All pictures share one window: −2.2 is black and 4 is white, in units of the network’s input.
      </p>
    </>
  )
}

/** Above this share of white something has gone wrong with a picture. */
const MUCH_WHITE = 0.2
/** Pixels on the screen; of several pictures side by side, so that they fit. */
const HEIGHT = 96
const LOW = 64

const bytesOf = (text: string) => Uint8Array.from(atob(text), character => character.charCodeAt(0))

function Picture({ picture }: { picture: Views['samples'][number]['pictures'][number] }) {
  const { name, shape, pixels, white } = picture
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    putPixels(canvas.current!, shape, into => into.set(Array.from(bytesOf(pixels), level => GREY[level])))
  }, [pixels, shape])
  const [height, width] = shape
  return (
    <figure className={style.picture}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={name}
        style={{ width: Math.round(((width > 3 * height ? LOW : HEIGHT) * width) / height) }}
      />
      <figcaption className={style.caption}>
        {name}
        {white > MUCH_WHITE && <span className={style.white}> {Math.round(100 * white)} % white</span>}
      </figcaption>
    </figure>
  )
}
