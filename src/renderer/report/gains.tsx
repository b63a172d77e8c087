/** What each method gained over what it is compared with: mean, interval, and whether that is called anything. */
import { Tooltip } from '@mantine/core'
import type { Gain } from '../../contract/study.ts'
import { count } from '../../presentation/numbers.ts'
import { useCatalogue } from '../app/queries.ts'
import style from './report.module.css'
import { scaleFor } from './rows.ts'

/** Pixels; the interval’s drawing takes what is left. */
const WIDTHS = [124, 128, 108, 118, 'auto', 54, 136] as const

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

export function Gains({ gains }: { gains: readonly Gain[] }) {
  const { data: catalogue } = useCatalogue()
  const networks = catalogue?.networks ?? []
  const place = scaleFor(gains.flatMap(({ mean, interval }) => [mean, ...(interval ?? [])]))
  return (
    <div className={style.wrapper}>
      <table className={style.table}>
        <caption>
          Gain in SSIM on test patients{' '}
          <span className={style.captionNote}>a gain or a loss only where the 95 % interval leaves zero</span>
        </caption>
        <colgroup>
          {WIDTHS.map((width, i) => (
            <col key={i} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col" className={style.words}>
              against
            </th>
            <th scope="col">mean</th>
            <Tooltip label="Bootstrap over patients, then seeds.">
              <th scope="col">95 % interval</th>
            </Tooltip>
            <th scope="col" aria-label="Interval on one scale" />
            <Tooltip label="Its total time, pre-training included, as a share of the baseline’s.">
              <th scope="col">time</th>
            </Tooltip>
            <th scope="col" className={style.words}>
              verdict
            </th>
          </tr>
        </thead>
        <tbody>
          {gains.map((gain, i) => {
            const { method, label, network: id, against, mean, sd, interval, pairs, timeShare, verdict } = gain
            const network = networks.find(each => each.id === id)?.label ?? id
            const again = gains[i - 1]?.method === method && gains[i - 1].network === id
            return (
              <tr key={`${method} ${id} ${against}`}>
                <th scope="row">
                  {!again && (
                    <>
                      {label} <span className={style.inline}>{network}</span>
                    </>
                  )}
                </th>
                <td className={style.words}>{against}</td>
                <Tooltip label={`Over ${count(pairs, 'pair')} of the same patient and seed.`}>
                  <td>
                    {signed(mean)}
                    {sd !== null && <span className={style.inline}> ± {sd.toFixed(3)}</span>}
                  </td>
                </Tooltip>
                <td>{interval ? `${signed(interval[0])} to ${signed(interval[1])}` : '–'}</td>
                <td>
                  <Interval mean={mean} interval={interval} place={place} />
                </td>
                <td>{timeShare === null ? '–' : `${Math.round(100 * timeShare)} %`}</td>
                <td className={`${style.words} ${style.verdict}`} data-verdict={verdict}>
                  {verdict}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** The interval, its mean and zero, on the scale that all rows share. */
function Interval(props: {
  mean: number
  interval: readonly [number, number] | null
  place: (value: number) => number
}) {
  const { mean, interval, place } = props
  const x = (value: number) => 100 * place(value)
  return (
    <svg className={style.interval} viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden>
      <line className={style.zero} x1={x(0)} x2={x(0)} y1={0} y2={16} />
      {interval && <line className={style.range} x1={x(interval[0])} x2={x(interval[1])} y1={8} y2={8} />}
      <line className={style.mean} x1={x(mean)} x2={x(mean)} y1={3} y2={13} />
    </svg>
  )
}
