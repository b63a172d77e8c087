/** What a drawn mask can be set to: pairs of acceleration and centre fraction, and the seed. */
import { ActionIcon, NumberInput, Slider, Tooltip } from '@mantine/core'
import { IconDice3, IconPlus, IconTrash } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { type MaskPair, type MaskSpec, maskPairs } from '../../contract/evaluation.ts'
import { useView } from '../viewer/view.ts'
import style from './side-panel.module.css'

const MOST_PAIRS = 16
const ACCELERATIONS = { min: 1, max: 16, step: 1 }
const CENTRES = { min: 0.02, max: 0.4, step: 0.01 }

interface Props {
  readonly mask: MaskSpec
  readonly seed: number | null
}

function setPairs(mask: MaskSpec, [pair, ...others]: readonly MaskPair[]): void {
  useView.setState({ mask: { ...mask, ...pair, alternatives: others.length > 0 ? others : undefined } })
}

/** Twice the acceleration with half the centre, as fastMRI pairs 4× with 0.08 and 8× with 0.04. */
const next = ({ acceleration, centerFraction }: MaskPair): MaskPair => ({
  acceleration: Math.min(2 * acceleration, ACCELERATIONS.max),
  centerFraction: Math.max(Math.round(50 * centerFraction) / 100, CENTRES.min),
})

/** The sliders set one pair. With several pairs, a list says which. */
export function DrawnMaskFields({ mask, seed }: Props) {
  const addButton = useRef<HTMLButtonElement>(null)
  const pairs = maskPairs(mask)
  const [asked, choose] = useState(0)
  const chosen = Math.min(asked, pairs.length - 1)
  const { acceleration, centerFraction } = pairs[chosen]
  const change = (changes: Partial<MaskPair>) => setPairs(mask, pairs.with(chosen, { ...pairs[chosen], ...changes }))
  const add = () => {
    setPairs(mask, [...pairs, next(pairs[pairs.length - 1])])
    choose(pairs.length)
  }
  return (
    <>
      <span className={style.pairs}>
        {pairs.length === 1 ? 'One pair' : `${pairs.length} pairs: one is drawn per mask`}
      </span>
      <Tooltip label="Add a pair of acceleration and centre: one pair is drawn per mask">
        <ActionIcon ref={addButton} aria-label="Add a pair" onClick={add} disabled={pairs.length === MOST_PAIRS}>
          <IconPlus size={16} />
        </ActionIcon>
      </Tooltip>
      {pairs.length > 1 && <Pairs {...{ mask, pairs, chosen, choose }} onRemoved={() => addButton.current?.focus()} />}
      <SliderRow
        label="Acceleration"
        value={acceleration}
        words={`${acceleration}×`}
        {...ACCELERATIONS}
        onChange={acceleration => change({ acceleration })}
      />
      <SliderRow
        label="Centre"
        value={centerFraction}
        words={centerFraction.toFixed(2)}
        {...CENTRES}
        onChange={centerFraction => change({ centerFraction })}
      />
      <Seed seed={seed} />
    </>
  )
}

interface PairsProps {
  readonly mask: MaskSpec
  readonly pairs: readonly MaskPair[]
  readonly chosen: number
  readonly choose: (pair: number) => void
  /** The button that removed the pair goes with the list, or belongs to another pair. */
  readonly onRemoved: () => void
}

function Pairs({ mask, pairs, chosen, choose, onRemoved }: PairsProps) {
  const remove = (pair: number) => {
    setPairs(mask, pairs.toSpliced(pair, 1))
    choose(Math.max(chosen - Number(pair <= chosen), 0))
    onRemoved()
  }
  return (
    <ul className={`${style.shapes} ${style.whole}`} aria-label="Pairs: one is drawn per mask">
      {pairs.map(({ acceleration, centerFraction }, i) => {
        const words = `${acceleration}×, centre ${centerFraction.toFixed(2)}`
        return (
          // The place names a pair, because two pairs may be equal.
          <li key={i} data-selected={i === chosen || undefined}>
            <button type="button" aria-pressed={i === chosen} onClick={() => choose(i)}>
              {words}
            </button>
            <Tooltip label="Remove the pair">
              <ActionIcon size="sm" aria-label={`Remove ${words}`} onClick={() => remove(i)}>
                <IconTrash size={14} />
              </ActionIcon>
            </Tooltip>
          </li>
        )
      })}
    </ul>
  )
}

function Seed({ seed }: Pick<Props, 'seed'>) {
  return (
    <>
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
