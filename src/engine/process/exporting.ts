/** Handlers of calls that write one file for each volume. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { exportName, kspaceName, requireFittingName, stemOf } from '../../contract/exports.ts'
import { fileOfVolume } from '../../contract/volume-path.ts'
import type { SkippedFile } from '../../contract/volumes.ts'
import type { Volume } from '../../core/data/volume.ts'
import type { OnShare } from '../../core/reconstruct.ts'
import { writeKspace } from '../files/exports/kspace.ts'
import { exportVolume } from '../files/exports/volume.ts'
import { type Destination, inWorkshop, place } from '../files/written.ts'
import { arithmeticFor } from '../tensorflow/tensorflow.ts'
import { withReconstructor } from '../training/models.ts'
import { requireCoilMemory } from './coil-memory.ts'
import { type Context, eachVolume } from './each-volume.ts'
import type { Calls, Exported, Progress, Reconstructed, ReconstructRequest, VolumeFile } from './protocol.ts'

interface Writing<T> {
  readonly files: readonly VolumeFile[]
  readonly salt: string
  readonly destination: Destination
  /** The name of a volume's output in the destination. */
  readonly name: (volume: Volume) => string
  /** Writes a volume's output at a temporary path. */
  readonly write: (volume: Volume, finished: string, onShare: OnShare) => Promise<T>
}

type Written<T> = T & { readonly path: string; readonly output: string }

/** Writes one output for each volume. Inputs and other outputs of this call are never replaced. */
async function writeEach<T extends object>(
  { files, salt, destination, name: nameOf, write }: Writing<T>,
  context: Context<Progress>,
): Promise<(Written<T> | SkippedFile)[]> {
  const written: Written<T>[] = []
  const taken = new Set(await Promise.all(files.map(({ path }) => realpath(fileOfVolume(path)))))
  const skipped = await eachVolume(files, salt, context, async (volume, onShare) => {
    const name = nameOf(volume)
    requireFittingName(name)
    const output = join(destination.folder, name)
    if (taken.has(await realpath(output).catch(() => output))) {
      return (
        `Expected a free name for the export, got ${output}, ` +
        'which is an input file or another export. Choose another folder.'
      )
    }
    const result = await inWorkshop(destination.folder, async workshop => {
      const finished = join(workshop, 'result')
      const made = await write(volume, finished, onShare)
      await place(finished, destination, name)
      return made
    })
    taken.add(await realpath(output)) // by real path, because two input files may have equal names
    written.push({ ...result, path: volume.info.path, output })
    return null
  })
  return [...written, ...skipped]
}

const destinationOf = (directory: string, overwrite = false): Destination => ({
  folder: directory,
  maker: 'reconstruct',
  replaces: overwrite ? 'all' : 'none',
})

export async function reconstruct(
  request: ReconstructRequest,
  context: Context<Progress>,
): Promise<readonly Reconstructed[]> {
  const { files, salt, slice, format, directory, stem, overwrite } = request
  const compute = await arithmeticFor(request.reconstructor)
  return withReconstructor(request.reconstructor, reconstructor =>
    writeEach(
      {
        ...{ files, salt, destination: destinationOf(directory, overwrite) },
        name: ({ info }) => exportName(stem ?? stemOf(info.file), format, slice),
        write(volume, finished, onShare) {
          requireCoilMemory(volume.info, reconstructor)
          return exportVolume(volume, reconstructor, compute, request, finished, context.pause, onShare)
        },
      },
      context,
    ),
  )
}

export const exportKspace = (
  { files, salt, directory, overwrite }: Calls['exportKspace']['params'],
  context: Context<Progress>,
): Promise<readonly Exported[]> =>
  writeEach(
    {
      ...{ files, salt, destination: destinationOf(directory, overwrite) },
      name: ({ info }) => kspaceName(info.file),
      async write(volume, finished, onShare) {
        await writeKspace(finished, volume, context.pause, onShare)
        return {}
      },
    },
    context,
  )
