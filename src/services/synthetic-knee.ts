/** The synthetic knee study: written as fastMRI files, then imported as any folder would be. */
import { AppError } from '../contract/errors.ts'
import type { SliceSelection } from '../contract/volumes.ts'
import type { Progress, SyntheticKneeSpec } from '../engine/protocol.ts'
import type { Services } from './context.ts'
import { importStudy, type Study } from './studies.ts'

export async function importSyntheticKnee(
  services: Services,
  spec: SyntheticKneeSpec,
  { name = `Knee, synthetic (seed ${spec.seed})`, slices }: { readonly name?: string; readonly slices: SliceSelection },
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Study> {
  if (spec.slices < 1 || Object.values(spec.patients).every(count => count === 0)) {
    throw new AppError('INVALID_ARGUMENT', 'Expected at least one patient and one slice a volume')
  }
  await services.interactive.call('synthesize', spec, { onEvent: options.onProgress, signal: options.signal })
  return importStudy(services, { paths: [spec.directory], name, slices, splitSeed: 0 }, { signal: options.signal })
}
