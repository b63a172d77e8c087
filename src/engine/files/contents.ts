/** Reads a whole file once and determines its identity (a hash), its sampling, and its faults. */
import { createHash, type Hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Crimes } from '../../contract/crimes.ts'
import { AppError } from '../../contract/errors.ts'
import type { FileVersion, SliceFault, VolumeContent } from '../../contract/volumes.ts'
import { crimesOfSlice } from '../../core/data/crimes.ts'
import type { Fault } from '../../core/data/measured.ts'
import { faultOfImage, surveyKspace } from '../../core/data/sampling.ts'
import { nearestMiddle } from '../../core/data/slices.ts'
import type { FileSource } from '../../core/data/source.ts'
import { type StoredVolume, stacksOf } from '../../core/data/volume.ts'
import type { Pause } from '../../core/pause.ts'

export interface Reading {
  /** Called before each slice. */
  readonly pause: Pause
  /** Bytes of the file that were read so far, estimated from the share of values that were read. */
  readonly onBytes?: (read: number) => void
}

/**
 * The identity is SHA-256 over fields, each preceded by its length, so that different contents hash different bytes.
 * The fields are, in this order:
 * - per stack: its role, type and shape, then each slice as float32
 * - the mask as 0 and 1, with its shape before it if it is not one of columns
 * - the header and the attributes
 *
 * See docs/decisions/0001-a-volume-is-its-contents.md.
 */
export async function readContent(
  source: FileSource,
  used: StoredVolume,
  version: FileVersion,
  { pause, onBytes }: Reading,
): Promise<VolumeContent> {
  const hash = createHash('sha256')
  const survey = surveyKspace(used.matrix, used.mask)
  const faults: SliceFault[] = []
  const stacks = stacksOf(used).map(stack => ({
    ...stack,
    weight: stack.shape.reduce((product, size) => product * size, stack.role === 'k-space' ? 2 : 1),
  }))
  const whole = stacks.reduce((sum, { weight }) => sum + weight, 0)
  let done = 0
  let scan = ''
  for (const { role, dataset, type, shape, weight, withSlice, unwritten } of stacks) {
    addField(hash, JSON.stringify([role, type, shape]))
    const incomplete = unwritten()
    let beyond: AppError | null = null
    for (let slice = 0; slice < shape[0]; slice++) {
      await pause()
      let found: Fault | null
      try {
        found = withSlice(slice, numbers => {
          addField(hash, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
          if (role === 'k-space' && !incomplete.has(slice)) return survey.add(numbers, slice)
          const fault = faultOfImage(numbers) ?? (incomplete.has(slice) ? 'incomplete' : null)
          return fault && { fault }
        })
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'NOT_FINITE')) throw error
        beyond = error // float32 cannot hold the numbers of this slice
        addField(hash, error.code)
        found = { fault: 'not finite' }
      }
      if (found) faults.push({ slice, dataset, ...found })
      done += weight / shape[0]
      onBytes?.(Math.round((source.bytes * done) / whole))
    }
    if (role === 'k-space' && faults.length === shape[0]) throw beyond ?? noSignal(source, faults)
    if (role === 'k-space') scan = hash.copy().digest('hex') // covers k-space alone, the first stack
  }
  const { mask: own } = used
  if (own && !(own instanceof Uint8Array)) addField(hash, JSON.stringify(own.shape))
  addField(hash, own instanceof Uint8Array ? own : (own?.measured ?? 'no mask'))
  addField(hash, JSON.stringify([used.header, used.attributes]))
  const { sampling, mask, lost, remarks } = survey.judge()
  const crimes = sampling.kind === 'full' ? crimesOfMiddle(used, faults) : null
  return {
    identity: hash.digest('hex'),
    scan,
    version,
    sampling,
    ...(mask && { mask: mask.join('') }),
    ...(lost && { lost }),
    ...(crimes && { crimes }),
    faults,
    remarks: [...used.remarks, ...remarks, ...missingSources(source, used)],
  }
}

/** Of the slice without a fault that is nearest the middle. */
function crimesOfMiddle({ kspace, matrix }: StoredVolume, faults: readonly SliceFault[]): Crimes {
  const faulty = new Set(faults.filter(({ dataset }) => dataset === kspace.dataset).map(({ slice }) => slice))
  const [slices] = kspace.shape
  const whole = Array.from({ length: slices }, (_, i) => i).filter(i => !faulty.has(i))
  const slice = nearestMiddle(whole, slices)! // At least one slice has no fault.
  return kspace.withSlice(slice, values => crimesOfSlice(values, matrix, slice))
}

function addLength(hash: Hash, bytes: number): void {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes))
  hash.update(length)
}

function addField(hash: Hash, field: string | Uint8Array): void {
  const bytes = typeof field === 'string' ? Buffer.from(field) : field
  addLength(hash, bytes.byteLength)
  hash.update(bytes)
}

function noSignal({ path }: FileSource, faults: readonly SliceFault[]): AppError {
  const [notFinite, partly] = (['not finite', 'incomplete'] as const).map(
    kind => faults.filter(({ fault }) => fault === kind).length,
  )
  const zero = faults.length - notFinite - partly
  const rest = partly > 0 ? `, and ${partly} of which a part was never written` : ''
  const got = `${zero} slices that are zero everywhere and ${notFinite} with numbers that are not finite${rest}`
  return new AppError(
    notFinite > 0 ? 'NOT_FINITE' : 'UNSUPPORTED_FORMAT',
    `Expected a slice of k-space with signal, got ${got}, in ${path}. Export the file again.`,
  )
}

/** The part of a missing source file reads as zeros. */
function missingSources({ path }: FileSource, used: StoredVolume): string[] {
  return stacksOf(used).flatMap(({ dataset, sources }) => {
    const missing = sources().filter(source => !existsSync(source))
    if (missing.length === 0) return []
    const names = missing.map(source => relative(dirname(path), source)).join(', ')
    return [
      `${dataset} is put together from other files, of which ${names} cannot be found. What they hold counts as zero.`,
    ]
  })
}
