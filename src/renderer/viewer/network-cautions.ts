/** What may spoil the image of a network that takes measured data: k-space not measured, another number of coils. */
import { type Origin, originWords } from '../../contract/origin.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { count } from '../../presentation/numbers.ts'

type Trained = Pick<RunView, 'id' | 'takes' | 'trainedCoils'>
type Seen = Pick<StudyVolume, 'coils' | 'origin'>

/** The origin of k-space that is not measured, if the network uses its phase. Else `measured`. */
export const seenOrigin = (run: Trained | null, { origin }: Seen): Origin =>
  run !== null && run.takes !== 'magnitude' ? origin : 'measured'

/** `null`: measured k-space. */
export function kspaceCaution(origin: Origin): string | null {
  const words = originWords(origin)
  return (
    words &&
    `The network uses k-space with its phase, and this k-space is ${origin}. ${words.kspace} ` +
      'Results on it do not show how well the network images measured data.'
  )
}

/** Trained with one coil and used on several, or the other way round. Empty: neither, or not known. */
export function coilCautions(run: Trained | null, { coils }: Seen): string[] {
  if (!run || run.takes === 'magnitude' || !run.trainedCoils) return []
  const [least, most] = run.trainedCoils
  const one = coils === 1 ? least > 1 : most === 1
  if (!one) return []
  const trained = least === most ? count(most, 'coil') : `${least} to ${most} coils`
  return [
    `Run ${run.id} was trained with ${trained}, and this file has ${count(coils, 'coil')}. ` +
      'The image may be worse than on files with as many coils as in training. ' +
      `Train a network on files with ${coils === 1 ? 'one coil' : 'several coils'}.`,
  ]
}

/** Lines for a score's hover note. */
export const scoreCautions = (run: Trained | null, volume: Seen): string[] => [
  ...(seenOrigin(run, volume) === 'measured' ? [] : [`k-space: ${volume.origin}.`]),
  ...coilCautions(run, volume),
]
