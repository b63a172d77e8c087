/** Above the side panel's numbers. */
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
