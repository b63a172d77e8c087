/**
 * Refuses, before a training begins, volumes and masks of which the network's input cannot be made, and notes volumes
 * that mean little to the network. A network of k-space needs a measured centre for coil maps, and a number of coils.
 */

import { AppError } from '../../contract/errors.ts'
import { maskPairs } from '../../contract/evaluation.ts'
import type { Note } from '../../contract/notes.ts'
import { originsOf } from '../../contract/origin.ts'
import type { RunConfig } from '../../contract/runs.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import { INPUTS } from '../inputs/index.ts'
import { networkOf } from '../models/index.ts'
import type { Network } from '../models/network.ts'
import { trainedNetwork } from '../models/trained.ts'
import { CALIBRATION_DEFAULTS } from '../mri/coils/maps.ts'
import { keptPattern, type Masking } from '../mri/draw.ts'
import { centreOf, columnPattern, columnsOf, type Pattern, rowsOf } from '../mri/pattern.ts'
import { storedPatterns } from '../mri/stored-mask.ts'

type Trained = Pick<RunConfig, 'kind' | 'network' | 'networkConfig'>

function chosenNetwork(run: Trained): { network: Network; config: unknown } {
  const trained = trainedNetwork(run)
  const network = networkOf(trained.network)
  return { network, config: network.config.parse(trained.networkConfig) }
}

/** One pattern of each kind that a volume's slices can have, as far as they are known before its file is read. */
function patternsOf(info: VolumeInfo, mask: Masking): Pattern[] {
  const { rows, columns, slices, content } = info
  const { kind } = info.sampling
  if (kind === 'sub-sampled') return content?.mask ? [columnPattern(Uint8Array.from(content.mask, Number), rows)] : []
  if (kind === 'irregular') return []
  if (!mask.stored) return maskPairs(mask).map(pair => keptPattern({ kind: mask.kind, ...pair }, [rows, columns], 0))
  const stored = storedPatterns(mask.stored, info)
  return [...new Set(Array.from({ length: slices }, (_, slice) => stored(slice)))]
}

/** ESPIRiT's maps need more centre lines along each axis than its kernel has samples. */
function requireLines(centre: Pattern, label: string, where: string): void {
  const lines = Math.min(rowsOf(centre).length, columnsOf(centre).length)
  const { kernel } = CALIBRATION_DEFAULTS
  if (lines > kernel) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected more than ${kernel} measured centre lines for the coil maps that ${label} takes, got ${lines}, ` +
      `in ${where}. Choose a mask with a larger centre (--center-fraction), or a network that takes no maps.`,
  )
}

/** Throws `INVALID_ARGUMENT`, with the file and the remedy. */
export function requireFittingData(run: Trained, mask: Masking, volumes: readonly VolumeInfo[]): void {
  const { network, config } = chosenNetwork(run)
  const { takes, label } = network
  if (!INPUTS[takes].measured) return
  const remedy = network.oneCoil?.(config) ?? null
  const extras = network.extras?.(config) ?? []
  const known = new Set<string>()
  for (const info of volumes) {
    const { coils, file, rows, columns, slices } = info
    if (remedy && coils > 1)
      throw new AppError(
        'INVALID_ARGUMENT',
        `Expected k-space of one coil for ${label} with these settings, got ${coils} coils in ${file}. ${remedy}`,
      )
    const takesMaps = coils > 1 && (takes === 'complex' || extras.includes('maps'))
    if (!takesMaps && !extras.includes('centre')) continue
    const alike = [rows, columns, slices, takesMaps, info.sampling.kind, info.content?.mask].join()
    if (known.has(alike)) continue
    known.add(alike)
    const where = `the mask of ${file}`
    for (const pattern of patternsOf(info, mask)) {
      const centre = centreOf(pattern, where)
      if (takesMaps) requireLines(centre, label, where)
    }
  }
}

/** What a user should know about these volumes. */
export function dataNotes(run: Trained, volumes: readonly VolumeInfo[]): Note[] {
  const { network, config } = chosenNetwork(run)
  if (!INPUTS[network.takes].measured) return []
  const { label } = network
  const others = volumes.filter(({ origin }) => origin !== 'measured')
  const notes: Note[] = []
  if (others.length > 0)
    notes.push({
      level: 'info',
      code: 'simulated-kspace',
      data: { volumes: others.length },
      text:
        `The k-space of ${others.length} volumes is ${originsOf(others).join(' or ')}: ` +
        `${some(others.map(({ file }) => file))}. ${label} takes measured k-space. ` +
        'Scores on this k-space say little about measured k-space.',
    })
  if (network.oneCoil && !network.oneCoil(config) && volumes.every(({ coils }) => coils === 1))
    notes.push({
      level: 'info',
      code: 'maps-of-one-coil',
      text: `All volumes have one coil, so the coil maps of ${label} say nothing and cost time. Try --maps none.`,
    })
  return notes
}
