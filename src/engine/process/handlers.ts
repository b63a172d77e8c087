/** Handlers for an engine process's calls. */
import process from 'node:process'
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { VolumeScore } from '../../contract/evaluation.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { classicalOf } from '../../core/classical.ts'
import { maskOf } from '../../core/data/patterns.ts'
import { croppedTruth } from '../../core/data/truth.ts'
import { evaluateVolume, unscorable } from '../../core/evaluate.ts'
import { makeEagerImaging } from '../../core/imaging.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import { requireMask } from '../../core/mri/require-mask.ts'
import { cropShape } from '../../core/mri/transform.ts'
import type { Pause } from '../../core/pause.ts'
import { patternsFor, reconstructSlice } from '../../core/reconstruct.ts'
import { train as runTraining } from '../../core/training/train.ts'
import { scoreIterations, type TuningScore } from '../../core/tune.ts'
import { fileError } from '../files/file-errors.ts'
import { withStored } from '../files/masks.ts'
import { runFiles } from '../files/run-files.ts'
import { synthesizeKnees } from '../files/synthesize.ts'
import { VolumePool } from '../files/volume-pool.ts'
import { openVolume, readFacts, scanFolder } from '../files/volumes.ts'
import { arithmeticFor, loadedCompute, requireCompute } from '../tensorflow/tensorflow.ts'
import { type Batches, expectBatches, prepareAhead } from '../training/batches.ts'
import { readStart, withReconstructor } from '../training/models.ts'
import { newestWhole } from '../training/resume.ts'
import { taskOf } from '../training/tasks.ts'
import { features, frame, metrics, overMasks, thumbnail } from '../viewing/frames.ts'
import { views } from '../viewing/views.ts'
import { requireCoilMemory } from './coil-memory.ts'
import { type Context, eachVolume, isCancelled } from './each-volume.ts'
import { exportKspace, reconstruct } from './exporting.ts'
import type { CallName, Calls } from './protocol.ts'

type Handlers = {
  readonly [Name in CallName]: (
    params: Calls[Name]['params'],
    context: Context<Calls[Name]['event']>,
  ) => Promise<Calls[Name]['result']>
}

/** Reads files whose content is not known yet, because the slices for training depend on the content. */
async function withContents(volumes: readonly VolumeInfo[], pause: Pause): Promise<VolumeInfo[]> {
  const known: VolumeInfo[] = []
  for (const info of volumes)
    known.push(info.content ? { ...info, sampling: info.content.sampling } : await readFacts(info, pause))
  return known
}

export const handlers: Handlers = {
  scan: ({ paths, salt }, { emit, signal }) =>
    scanFolder(paths, salt, { onProgress: progress => emit({ ...progress, label: 'files' }), signal }),

  async contents({ paths, salt }, { emit, pause }) {
    for (const path of paths) {
      const onBytes = (read: number) => emit({ type: 'bytes', path, read })
      try {
        const volume = await openVolume(path, salt, undefined, { pause, onBytes })
        const { info } = volume
        volume.dispose()
        emit({ type: 'file', path, volume: { ...info, content: info.content! } })
      } catch (error) {
        if (isCancelled(error)) throw error
        emit({ type: 'file', path, reason: reasonOf(fileError(error, path)) })
      }
    }
    return {}
  },

  async train(request, { emit, pause }) {
    if (request.config.kind === 'import') throw new Error('An imported checkpoint is not trained')
    const { config, start, states } = request
    const trained = trainedNetwork(config)
    const [train, validation] = [
      await withContents(request.train, pause),
      await withContents(request.validation, pause),
    ]
    const asked = { config, train, validation }
    expectBatches(asked)
    const compute = await requireCompute()
    const { device } = compute
    emit({ type: 'device', device })
    const pool = new VolumePool()
    let batches: Batches | null = null
    try {
      batches = prepareAhead(taskOf(asked, pool, compute), asked, device.device === 'GPU')
      const { task } = batches
      const resumed = states.length > 0 ? await newestWhole(request.run, states) : null
      const given = start && !resumed ? await readStart(start, trained, config.seed) : null
      const training = runTraining({
        run: request.run,
        task,
        recipe: config.recipe,
        seed: config.seed,
        start: given?.parameters ?? null,
        resume: resumed?.state ?? null,
        metadata: {
          network: trained.network,
          config: JSON.stringify(trained.networkConfig),
          kind: config.kind,
          ...(config.method && { method: config.method }),
        },
        notes: [...request.notes, ...(given?.notes ?? []), ...(resumed?.notes ?? [])],
        files: runFiles(request.directory, { pause, emit }),
        pause,
        compute,
        kernelsName: device.kernels,
      })
      while (true) {
        const { value, done } = await training.next()
        if (done) return value
        emit(value)
      }
    } finally {
      batches?.dispose()
      pool.dispose()
      compute.releaseWorkingMemory()
    }
  },

  async evaluate({ files, salt, reconstructor: reference, settings: asked }, context) {
    const settings = { ...asked, mask: withStored(asked.mask) }
    const compute = await arithmeticFor(reference)
    return withReconstructor(reference, async reconstructor => {
      const volumes: VolumeScore[] = []
      const skipped = await eachVolume(files, salt, context, async (volume, onShare) => {
        const reason = unscorable(volume, settings)
        if (reason) return reason
        requireMask(settings.mask, [volume.info])
        requireCoilMemory(volume.info, reconstructor)
        volumes.push(await evaluateVolume(volume, reconstructor, settings, compute, context.pause, onShare))
        return null
      })
      return { volumes, skipped }
    })
  },

  async tune({ file, salt, choice, iterations, settings: asked }, context) {
    const settings = { ...asked, mask: withStored(asked.mask) }
    const compute = await arithmeticFor(choice)
    let scores: readonly TuningScore[] = []
    let fault: unknown = null
    const [skipped] = await eachVolume([file], salt, context, async volume => {
      const reason = unscorable(volume, settings)
      if (reason) return reason
      requireMask(settings.mask, [volume.info])
      const classical = classicalOf(choice)
      requireCoilMemory(volume.info, classical)
      scores = await scoreIterations(volume, classical, iterations, settings, compute, context.pause).catch(error => {
        fault = fileError(error, file.path)
        throw error
      })
      return null
    })
    const isOfFile = fault instanceof AppError && fault.code !== 'OUT_OF_MEMORY'
    if (fault !== null && !isOfFile) throw fault // the other files would meet it too
    return skipped ? { reason: skipped.reason } : scores
  },

  reconstruct,
  exportKspace,

  async compare({ path, content, salt, slice, mask: spec, reconstructors }, { pause }) {
    const compute = await requireCompute()
    const volume = await openVolume(path, salt, content, { pause })
    try {
      const shape = cropShape(volume.info)
      const mask = maskOf(volume, withStored(spec))
      const truth = croppedTruth(volume, slice)
      const imaging = makeEagerImaging(compute)
      const images: Float32Array[] = []
      for (const reference of reconstructors)
        images.push(
          await withReconstructor(reference, async reconstructor => {
            requireCoilMemory(volume.info, reconstructor)
            const pattern = patternsFor(volume, mask, reconstructor)(slice)
            return reconstructSlice(volume, slice, pattern, reconstructor, imaging, { pause })
          }),
        )
      const maximum = (truth ?? images[0]).reduce((most, value) => Math.max(most, value), 0)
      return { shape, truth, images, maximum }
    } finally {
      volume.dispose()
    }
  },

  frame: (request, { signal, emit }) => frame(request, signal, emit),

  metrics: (request, { signal, emit }) => metrics(request, signal, emit),

  overMasks: (request, { signal, emit }) => overMasks(request, signal, emit),

  thumbnail: (request, { signal }) => thumbnail(request, signal),

  features: (request, { signal }) => features(request, signal),

  views: async ({ config, train }, { pause }) => views({ config, train: await withContents(train, pause) }),

  status: async () => ({ device: loadedCompute()?.device ?? null, residentBytes: process.memoryUsage.rss() }),

  async synthesize(spec, { emit, pause }) {
    return { files: await synthesizeKnees(spec, emit, pause) }
  },

  doctor: async () => (await requireCompute()).examine(),

  async load() {
    await requireCompute()
    return {}
  },
}
