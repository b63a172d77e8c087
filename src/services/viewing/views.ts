/** The first batch of a pre-training, for viewing before the start. Writes nothing. */
import type { StartRequest, Views } from '../../contract/api.ts'
import { AppError } from '../../contract/errors.ts'
import { prepareRequested, requireEngine } from '../runs/requests.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'

/** Computes the views. Throws the errors that a start would throw. */
export async function previewViews(opened: OpenProfile, request: StartRequest, signal?: AbortSignal): Promise<Views> {
  if (request.method === null) {
    throw new AppError('INVALID_ARGUMENT', 'Expected a pre-training, got a training from scratch, which has no views.')
  }
  const { config, train, notes } = await prepareRequested(opened, request, { signal })
  requireEngine()
  const { samples, cautions } = await opened.engines.interactive.call('views', { config, train }, { signal })
  return {
    samples: samples.map(({ name, pictures }) => ({
      name,
      pictures: pictures.map(({ pixels, ...facts }) => ({
        ...facts,
        pixels: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength).toString('base64'),
      })),
    })),
    cautions: [...notes.map(({ text }) => text), ...cautions],
  }
}
