/** The validation slice of a run after each of its epochs. */
import { useEffect, useState } from 'react'
import { previewPath } from '../../contract/images.ts'
import type { RunView, TrainingEvent } from '../../contract/runs.ts'
import { fitWindow, ownWindow } from '../../presentation/windows.ts'
import { putPixels } from '../viewer/canvas.ts'
import { GREY, paint } from '../viewer/drawing.ts'
import { ended } from './run-line.tsx'
import style from './runs.module.css'

type Preview = Extract<TrainingEvent, { type: 'preview' }>

/**
 * The validation slice after each epoch: a strip, the chosen epoch large. The newest is followed until another is
 * chosen.
 */
export function Previews({ run, previews }: { run: RunView; previews: readonly Preview[] }) {
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
