/** Below the image of a cascade: its SSIM, and the SSIM of this slice over all cascades as a line. */
import { Tooltip } from '@mantine/core'
import type { FrameMeta } from '../../contract/images.ts'
import { formatSsim } from '../../presentation/numbers.ts'
import style from './pane-foot.module.css'

interface Props {
  readonly at: number
  readonly ssim: NonNullable<NonNullable<FrameMeta['cascades']>['ssim']>
  readonly note: string
}

const [WIDTH, HEIGHT, MARGIN] = [120, 32, 3]

export function CascadeScores({ at, ssim, note }: Props) {
  const numbers = ssim.filter(value => value !== null)
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  const places = ssim.map((value, i): readonly [number, number] | null => {
    if (value === null) return null
    const x = MARGIN + ((WIDTH - 2 * MARGIN) * i) / (ssim.length - 1)
    return [x, HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (value - least)) / (most - least || 1)]
  })
  const all = ssim.map((value, i) => `${i === 0 ? 'input' : i} ${formatSsim(value)}`).join(', ')
  return (
    <Tooltip label={`SSIM of this slice, whole image: ${all}.`} maw={420}>
      <div className={style.cascades}>
        <p className={style.note}>
          {note} <span className={style.value}>SSIM {formatSsim(ssim[at])}</span>
        </p>
        <svg
          className={style.line}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          role="img"
          aria-label={`SSIM after each cascade: ${all}`}
        >
          <polyline points={places.flatMap(place => (place ? [place.join()] : [])).join(' ')} />
          {places.map(
            (place, i) =>
              place && (
                <circle key={i} cx={place[0]} cy={place[1]} r={i === at ? 3 : 1.5} data-shown={i === at || undefined} />
              ),
          )}
        </svg>
      </div>
    </Tooltip>
  )
}
