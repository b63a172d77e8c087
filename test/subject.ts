/** A slice of a volume, as panes show it. */
import type { MaskSpec } from '../src/contract/evaluation.ts'
import type { Volume } from '../src/core/data/volume.ts'
import { makeEagerImaging } from '../src/core/imaging.ts'
import { inputOf } from '../src/core/inputs/index.ts'
import { reconstructSlice } from '../src/core/reconstruct.ts'
import { giveSlice } from '../src/core/viewing/given.ts'
import { makeShownMaps } from '../src/core/viewing/shown-maps.ts'
import type { Subject } from '../src/core/viewing/subject.ts'
import { compute, kernels } from './engine.ts'

/** The zero-filled image of the second slice, with `changes`. The volume has ground truth. */
export const subjectOf = (volume: Volume, mask: MaskSpec, changes: Partial<Subject> = {}): Subject => ({
  volume,
  slice: 1,
  source: 'network',
  reconstructor: null,
  scored: true,
  mask,
  seed: null,
  volumeMaximum: Math.max(...volume.readTarget(1)!),
  layer: 'conv',
  channel: 0,
  cascade: null,
  coil: null,
  coilFacts: null,
  kernels: kernels(),
  fourier: compute().fourier,
  reconstruct: (...slice) => reconstructSlice(...slice, makeEagerImaging(compute())),
  inputFor: (of, slice, pattern, model) => inputOf(model, of, slice, pattern, makeEagerImaging(compute())),
  given: (of, slice, pattern, model, range) =>
    giveSlice(of, slice, pattern, model, range, {
      kernels: kernels(),
      fourier: compute().fourier,
      inputFor: (...input) => inputOf(input[3], input[0], input[1], input[2], makeEagerImaging(compute())),
      zeroFilled: (...input) => reconstructSlice(...input, null, makeEagerImaging(compute())),
    }),
  mapsOf: (...slice) => makeShownMaps(...slice, compute()),
  ...changes,
})
