/** Above the side panel's numbers. */
import style from './side-panel.module.css'

/** Scores of the whole image. */
export const MetricsHead = () => (
  <thead>
    <tr>
      <th />
      <th>SSIM</th>
      <th>PSNR dB</th>
      <th>NMSE</th>
    </tr>
  </thead>
)

/** SSIM of the whole image beside the scores of the foreground, because classical images lose SSIM in air. */
export const ForegroundHead = () => (
  <>
    <colgroup>
      <col />
      <col className={style.score} />
      <col className={style.score} />
      <col className={style.score} />
    </colgroup>
    <thead>
      <tr>
        <td />
        <th scope="colgroup">whole</th>
        <th scope="colgroup" colSpan={2}>
          foreground
        </th>
      </tr>
      <tr>
        <td />
        <th aria-label="SSIM of the whole image">SSIM</th>
        <th aria-label="SSIM of the foreground">SSIM</th>
        <th aria-label="NMSE of the foreground">NMSE</th>
      </tr>
    </thead>
  </>
)
