/** The scores of each test volume of a row, in a closed `<details>`. */

import type { Metrics, VolumeScore } from '../../contract/evaluation.ts'
import { originMark } from '../../contract/origin.ts'
import { count, formatCount, formatNmse, formatPsnr, formatSsim, NONE } from '../../presentation/numbers.ts'
import { accelerationInWords } from '../../presentation/protocol.ts'
import { number } from './html.ts'
import { escapeMarkup } from './words.ts'

/** A score with its standard deviation over several mask draws. */
function withSd(value: string, sd: string | undefined): string {
  return sd === undefined ? value : `${value} ± ${sd}`
}

function metricCells({ ssim, psnr, nmse }: Metrics, sd?: Metrics): string {
  return (
    number(withSd(formatSsim(ssim), sd && formatSsim(sd.ssim)), 'start') +
    number(withSd(formatPsnr(psnr), sd && formatPsnr(sd.psnr))) +
    number(withSd(formatNmse(nmse), sd && formatNmse(sd.nmse)))
  )
}

/** Number of slices, with the numbers of omitted slices. */
function slicesOf({ slices, leftOut = [] }: VolumeScore): string {
  const numbers = [...new Set(leftOut.map(({ slice }) => slice + 1))]
  return formatCount(slices) + (numbers.length > 0 ? ` (without ${numbers.join(', ')})` : '')
}

function volumeRow(volume: VolumeScore): string {
  return (
    `<tr><td title="${escapeMarkup(volume.path)}">${escapeMarkup(volume.file)}` +
    `${originMark(volume.origin)}</td>` +
    `<td>${escapeMarkup(volume.acquisition ?? NONE)}</td>${number(slicesOf(volume))}<td>${volume.sampling}</td>` +
    `${number(accelerationInWords(volume, volume.sd?.acceleration))}` +
    `${metricCells(volume, volume.sd)}${metricCells(volume.foreground)}</tr>`
  )
}

export function volumeDetails(row: { readonly label: string; readonly volumes: readonly VolumeScore[] }): string {
  const heads = [
    'Slices',
    'Sampling',
    'Acceleration',
    'SSIM',
    'PSNR, dB',
    'NMSE',
    'Foreground SSIM',
    'PSNR, dB',
    'NMSE',
  ]
    .map(name => `<th scope="col"${name === 'Sampling' ? '' : ' class="number"'}>${name}</th>`)
    .join('')
  return (
    `<details><summary>${escapeMarkup(row.label)}: ${count(row.volumes.length, 'volume')}</summary>` +
    '<div class="scroll"><table><thead><tr><th scope="col">File</th><th scope="col">Acquisition</th>' +
    `${heads}</tr></thead><tbody>${row.volumes.map(volumeRow).join('')}</tbody></table></div></details>`
  )
}
