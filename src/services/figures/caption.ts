/** The caption of a figure. It names everything on which the images and numbers depend. */

import type { FigureRequest } from '../../contract/figure.ts'
import { originWords } from '../../contract/origin.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { type EvaluationSettings, protocolOf } from '../../core/evaluate.ts'
import { formatAcceleration } from '../../presentation/numbers.ts'
import { asDrawn, protocolParts, RESEARCH_ONLY } from '../../presentation/protocol.ts'
import { partOf } from './layout.ts'
import type { DrawnPane } from './panes.ts'
import { detailOf } from './picture.ts'

/** Parts of the protocol for figures without numbers and error maps, and for figures with them. */
const OF_IMAGES = ['Mask', 'Crop']
const OF_NUMBERS = [...OF_IMAGES, 'Data range', 'SSIM', 'Reference']

/** The mask that was applied. A sub-sampled file has only its own mask. */
function appliedMask(inWords: string, { sampling }: StudyVolume, panes: readonly DrawnPane[]): string {
  if (sampling.kind === 'sub-sampled' || sampling.kind === 'irregular')
    return `sub-sampled in the file, ${formatAcceleration(sampling.acceleration)}`
  const real = panes.map(({ acceleration }) => acceleration).find(value => value !== null)
  return real == null ? inWords : `${inWords}, ${asDrawn(real)}`
}

function protocolInWords(volume: StudyVolume, request: FigureRequest, panes: readonly DrawnPane[]): string[] {
  const { mask, seed, slice, errorRow, metrics } = request
  const settings: EvaluationSettings = {
    mask,
    maskDraws: null,
    ...(seed !== null && { maskSeed: seed }),
    slices: { kind: 'range', from: slice, to: slice },
    reference: 'ground truth',
  }
  const protocol = protocolOf(settings, [volume])
  const numbers = metrics && panes.some(pane => pane.metrics)
  const compares = numbers || errorRow !== null || request.panes.some(({ error }) => error)
  const masked = panes.some(({ source }) => source !== 'truth')
  return protocolParts(protocol)
    .filter(([name]) => (compares ? OF_NUMBERS : OF_IMAGES).includes(name) && (masked || name !== 'Mask'))
    .map(([name, value]) => `${name}: ${name === 'Mask' ? appliedMask(value, volume, panes) : value}.`)
}

function errorsInWords({ errorRow, panes }: FigureRequest): string[] {
  const scales = [errorRow, ...panes.map(({ error }) => error)].filter(error => error !== null)
  return [true, false].flatMap(signed => {
    const found = scales.find(error => error.signed === signed)
    if (!found) return []
    const end = found.scale === 1 ? 'the volume’s maximum' : `1/${found.scale} of the volume’s maximum`
    return [
      signed
        ? `Errors: image − ground truth, from −1 to +1 times ${end}.`
        : `|Error|: |image − ground truth|, from 0 to ${end}.`,
    ]
  })
}

function partsInWords(panes: readonly DrawnPane[], { crop, inset }: FigureRequest): string[] {
  const picture = panes.map(({ main }) => main).find(main => typeof main !== 'string' && main.spatial)
  if (!picture || typeof picture === 'string') return []
  const { shape } = picture
  const shown = partOf(shape, crop)
  const place = { x: 0, y: 0, width: shown.width, height: shown.height }
  return [
    ...(crop ? [`Shown: ${shown.height} × ${shown.width} of ${shape[0]} × ${shape[1]} pixels.`] : []),
    ...(inset ? [`Detail: the framed part, ${detailOf(shape, inset, shown, place).magnification.toFixed(1)}×.`] : []),
  ]
}

export function captionOf(volume: StudyVolume, request: FigureRequest, panes: readonly DrawnPane[]): string {
  const { slice, metrics } = request
  const numbers = metrics && panes.some(pane => pane.metrics)
  const place = [`${volume.file}, slice ${slice + 1} of ${volume.slices}`, volume.acquisition]
    .filter(Boolean)
    .join(', ')
  const notes = new Set(panes.flatMap(({ label, note }) => (note ? [`${label}: ${note}`] : [])))
  return [
    `${place}.`,
    ...protocolInWords(volume, request, panes),
    ...(numbers ? ['The numbers refer to the whole image of this slice.'] : []),
    ...errorsInWords(request),
    ...partsInWords(panes, request),
    ...notes,
  ].join(' ')
}

export const lastLine = ({ origin }: StudyVolume): string =>
  [originWords(origin)?.notice, RESEARCH_ONLY].filter(Boolean).join(' ')
