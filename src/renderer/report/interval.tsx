/** Draws a mean and its interval beside zero. All rows of a table share one scale. */
import type { Cell } from '../../presentation/table.ts'
import style from './interval.module.css'

type Range = NonNullable<Cell['range']>

/** Returns the function from a value to its share of the width, 0 to 1. Zero is in the middle. */
export function scaleOf(cells: readonly Cell[]): (value: number) => number {
  const values = cells.flatMap(({ range }) => (range ? [range.mean, ...(range.interval ?? [])] : []))
  const most = Math.max(...values.map(Math.abs), 1e-4) * 1.1
  return value => (value + most) / (2 * most)
}

export function Interval({ mean, interval, scale }: Range & { scale: (value: number) => number }) {
  const x = (value: number) => 100 * scale(value)
  return (
    <svg className={style.interval} viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden>
      <line className={style.zero} x1={x(0)} x2={x(0)} y1={0} y2={16} />
      {interval && <line className={style.range} x1={x(interval[0])} x2={x(interval[1])} y1={8} y2={8} />}
      <line className={style.mean} x1={x(mean)} x2={x(mean)} y1={3} y2={13} />
    </svg>
  )
}
