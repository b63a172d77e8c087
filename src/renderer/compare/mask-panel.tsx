/** How k-space is sub-sampled: every pane follows while it is changed. */
import { ActionIcon, Button, NumberInput, Select, Slider, Tooltip } from '@mantine/core'
import { IconDice3 } from '@tabler/icons-react'
import { memo, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { MASK_KINDS, type MaskSpec } from '../../contract/evaluation.ts'
import type { FrameMeta } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { isMeasuredSo, samplingInWords } from '../../contract/volumes.ts'
import { asDrawn, maskSeedInWords } from '../../presentation/protocol.ts'
import { useFrame } from '../viewer/frames.ts'
import { inputPath, STANDARD_MASK as STANDARD } from '../viewer/sources.ts'
import { useView } from '../viewer/view.ts'
import style from './side-panel.module.css'

export function MaskPanel({ volume }: { volume: StudyVolume }) {
  const { mask, seed } = useView(useShallow(({ mask, seed }) => ({ mask, seed })))
  const change = (changes: Partial<MaskSpec>) => useView.setState({ mask: { ...mask, ...changes } })
  const own = isMeasuredSo(volume.sampling)
  const changed =
    seed !== null ||
    mask.kind !== STANDARD.kind ||
    mask.acceleration !== STANDARD.acceleration ||
    mask.centerFraction !== STANDARD.centerFraction
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
            data={MASK_KINDS.map(kind => ({ value: kind, label: kind.replaceAll('_', ' ') }))}
            value={mask.kind}
            onChange={kind => kind && change({ kind: kind as MaskSpec['kind'] })}
            allowDeselect={false}
          />
          <SliderRow
            label="Acceleration"
            value={mask.acceleration}
            words={`${mask.acceleration}×`}
            min={1}
            max={16}
            step={1}
            onChange={acceleration => change({ acceleration })}
          />
          <SliderRow
            label="Centre"
            value={mask.centerFraction}
            words={mask.centerFraction.toFixed(2)}
            min={0.02}
            max={0.4}
            step={0.01}
            onChange={centerFraction => change({ centerFraction })}
          />
          <span>Seed</span>
          <div className={style.seed}>
            <NumberInput
              aria-label="Seed of the mask"
              placeholder="file name"
              value={seed ?? ''}
              min={0}
              max={9999}
              allowDecimal={false}
              onChange={value => useView.setState({ seed: value === '' ? null : Number(value) })}
            />
            <Tooltip label="Use the next seed: another mask of the same kind">
              <ActionIcon
                aria-label="Use the next seed"
                onClick={() => useView.setState({ seed: seed === null ? 0 : seed + 1 })}
              >
                <IconDice3 size={16} />
              </ActionIcon>
            </Tooltip>
          </div>
        </div>
      )}
      <Drawn volume={volume} />
    </section>
  )
}

/** The mask as it was drawn; all slices of a volume have the same. */
function Drawn({ volume }: { volume: StudyVolume }) {
  const known = useRef<{ key: string; meta: FrameMeta } | null>(null)
  const { seed, key } = useView(useShallow(({ mask, seed }) => ({ seed, key: inputPath(volume, 0, { mask, seed }) })))
  const url = useView(({ slice, mask }) =>
    known.current?.key === key ? null : inputPath(volume, slice, { mask, seed }),
  )
  const { frame } = useFrame(url)
  if (frame) known.current = { key, meta: frame.meta }
  const meta = known.current?.key === key ? known.current.meta : null
  return (
    <>
      {volume.sampling.kind !== 'irregular' && <Strip mask={meta?.mask ?? ''} />}
      <p className={style.drawn}>
        {[
          meta?.acceleration && asDrawn(meta.acceleration),
          !isMeasuredSo(volume.sampling) && maskSeedInWords(seed),
          samplingInWords(volume),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </>
  )
}

interface RowProps {
  readonly label: string
  readonly value: number
  readonly words: string
  readonly min: number
  readonly max: number
  readonly step: number
  readonly onChange: (value: number) => void
}

function SliderRow({ label, value, words, min, max, step, onChange }: RowProps) {
  return (
    <>
      <span>{label}</span>
      <Slider thumbLabel={label} label={null} {...{ value, min, max, step, onChange }} />
      <output className={style.value}>{words}</output>
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
