/** Above the side panel's numbers. */
export const MetricsHead = () => (
  <thead>
    <tr>
      <th />
      <th>SSIM</th>
      <th>PSNR</th>
      <th>NMSE</th>
    </tr>
  </thead>
)
