/** How k-space is sub-sampled: every pane follows while it is changed. */
import { Button, Select } from '@mantine/core'
import { memo, useEffect, useRef, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { COLUMN_KINDS, type MaskSpec, POINT_KINDS } from '../../contract/evaluation.ts'
import type { FrameMeta } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { isMeasuredSo, samplingInWords } from '../../contract/volumes.ts'
import { asDrawn, maskInWords, maskKindInWords, maskSeedInWords } from '../../presentation/protocol.ts'
import { putPixels } from '../viewer/canvas.ts'
import { type Frame, useFrame } from '../viewer/frames.ts'
import { inputPath, STANDARD_MASK as STANDARD } from '../viewer/sources.ts'
import { useView } from '../viewer/view.ts'
import { DrawnMaskFields } from './drawn-mask-fields.tsx'
import { MaskFileDialog } from './mask-file.tsx'
import style from './side-panel.module.css'

const KINDS = [
  ...COLUMN_KINDS.map(kind => ({ value: kind, label: kind.replaceAll('_', ' ') })),
  ...POINT_KINDS.map(kind => ({ value: kind, label: maskKindInWords(kind) })),
  { value: 'file', label: 'mask file…' },
]

export function MaskPanel({ volume }: { volume: StudyVolume }) {
  const { mask, seed } = useView(useShallow(({ mask, seed }) => ({ mask, seed })))
  const [choosing, setChoosing] = useState(false)
  const changeKind = (kind: string | null) => {
    const { file: _, ...drawn } = mask
    if (kind === 'file') setChoosing(true)
    else if (kind) useView.setState({ mask: { ...drawn, kind: kind as MaskSpec['kind'] } })
  }
  const own = isMeasuredSo(volume.sampling)
  const changed =
    seed !== null ||
    mask.kind !== STANDARD.kind ||
    mask.acceleration !== STANDARD.acceleration ||
    mask.centerFraction !== STANDARD.centerFraction ||
    mask.alternatives !== undefined
  return (
    <section className={style.section} aria-label="Mask">
      <h2 className={style.heading}>
        Mask
        {changed && (
          <Button size="compact-xs" onClick={() => useView.setState({ mask: STANDARD, seed: null })}>
            Reset
          </Button>
        )}
      </h2>
      {own ? (
        <p className="secondary">The file is sub-sampled already. Its own mask is used, and no mask is added.</p>
      ) : (
        <div className={style.mask}>
          <Select
            aria-label="Kind of mask"
            className={style.whole}
            data={KINDS}
            value={mask.kind}
            onChange={changeKind}
            allowDeselect={false}
          />
          {mask.file ? (
            <>
              <p className={style.whole}>{maskInWords(mask)}</p>
              <Button className={style.whole} onClick={() => setChoosing(true)}>
                Choose mask file
              </Button>
            </>
          ) : (
            <DrawnMaskFields {...{ mask, seed }} />
          )}
        </div>
      )}
      <Drawn volume={volume} />
      <MaskFileDialog
        opened={choosing}
        onClose={() => setChoosing(false)}
        onFile={file => {
          const { centerFraction } = mask
          useView.setState({ mask: { ...STANDARD, kind: 'file', centerFraction, file } })
        }}
      />
    </section>
  )
}

/** The mask as it was drawn. All slices of a volume have one mask, unless a file says otherwise. */
function Drawn({ volume }: { volume: StudyVolume }) {
  const known = useRef<{ key: string; meta: FrameMeta } | null>(null)
  const { seed, isFile, key } = useView(
    useShallow(({ mask, seed, slice }) => {
      const isFile = mask.kind === 'file'
      const eachSlice = isFile || volume.sampling.kind === 'irregular'
      return { seed, isFile, key: inputPath(volume, eachSlice ? slice : 0, { mask, seed }) }
    }),
  )
  const url = useView(({ slice, mask }) =>
    known.current?.key === key ? null : inputPath(volume, slice, { mask, seed }),
  )
  const { frame } = useFrame(url)
  if (frame) known.current = { key, meta: frame.meta }
  const meta = known.current?.key === key ? known.current.meta : null
  const isOfColumns = meta === null || meta.mask !== ''
  return (
    <>
      {isOfColumns ? <Strip mask={meta?.mask ?? ''} /> : <Grid volume={volume} />}
      <p className={style.drawn}>
        {[
          meta?.acceleration && asDrawn(meta.acceleration),
          !isMeasuredSo(volume.sampling) && !isFile && maskSeedInWords(seed),
          samplingInWords(volume),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </>
  )
}

/** The measured columns, one line each. */
const Strip = memo(function Strip({ mask }: { mask: string }) {
  return (
    <svg
      className={style.strip}
      viewBox={`0 0 ${mask.length || 1} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Measured columns: ${[...mask].filter(column => column === '1').length} of ${mask.length}`}
    >
      {[...mask].map((column, i) => (column === '1' ? <rect key={i} x={i} y={0} width={1} height={1} /> : null))}
    </svg>
  )
})

/** The measured samples of a mask in two directions, [rows, columns] of k-space. */
function Grid({ volume }: { volume: StudyVolume }) {
  const url = useView(({ slice, mask, seed }) => inputPath(volume, slice, { mask, seed }, 'mask'))
  const { frame } = useFrame(url)
  return frame && <Samples frame={frame} />
}

const [BLACK, WHITE] = [0xff000000, 0xffffffff]

function Samples({ frame: { image, meta } }: { frame: Frame }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    putPixels(canvas.current!, meta.shape, pixels => pixels.set(Array.from(image, value => (value ? WHITE : BLACK))))
  }, [image, meta])
  const measured = image.reduce((sum, value) => sum + value, 0)
  return (
    <canvas
      ref={canvas}
      className={style.grid}
      role="img"
      aria-label={`Measured samples: ${measured} of ${image.length}`}
    />
  )
}
