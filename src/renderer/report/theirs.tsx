/** The report's own numbers, as its own, with what is known about them. */
import { FACTS_AND_INFERENCES, THEIR_ROWS } from '../../contract/the-report.ts'
import style from './report.module.css'

/** Widths in pixels, and of what may take two lines a share; the first column takes what is left. */
const COLUMNS = [
  ['network', 78],
  ['epochs', 146],
  ['SSL loss', 66],
  ['chance', '15%'],
  ['SSIM', 54],
  ['PSNR, dB', 70],
  ['NMSE', 54],
  ['time saved', 82],
] as const

export function TheirNumbers() {
  return (
    <section className={style.stack} aria-label="The report’s own numbers">
      <div className={style.wrapper}>
        <table className={style.table}>
          <caption>
            The report’s own numbers{' '}
            <span className={style.captionNote}>
              Self-MRI, Georgia Tech, 2021, as printed there on fastMRI’s knees; none was computed here
            </span>
          </caption>
          <colgroup>
            <col />
            {COLUMNS.map(([name, width]) => (
              <col key={name} style={{ width }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              <th scope="col" />
              {COLUMNS.map(([name]) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {THEIR_ROWS.map(({ label, network, epochs, sslLoss, chance, ssim, psnr, nmse, saving }) => (
              <tr key={label}>
                <th scope="row">
                  <span className={style.label}>{label}</span>
                </th>
                {[network, epochs, sslLoss, chance, ssim, psnr, nmse, saving].map((value, i) => (
                  <td key={COLUMNS[i][0]} className={COLUMNS[i][0] === 'chance' ? style.wrapping : undefined}>
                    {value ?? <span className="secondary">–</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className={style.details}>
        <summary>What is known about them, and what we infer</summary>
        <ul>
          {FACTS_AND_INFERENCES.map(sentence => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </details>
    </section>
  )
}
