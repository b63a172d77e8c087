/** Uploads from a browser into the profile, and downloads of files that `save` wrote into the profile. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { AppError } from '../../contract/errors.ts'
import { choose, inWorkshop, placeAt } from '../../engine/files/written.ts'
import { reconstructionsDirectory, uploadsDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { json, notFound } from './respond.ts'

/** Whether a name is a plain file or folder name: no parent folder, no separator, not hidden. */
const isPlainName = (name: string) => !/^\.|[\\/\0]/.test(name) && name.length > 0 && Buffer.byteLength(name) <= 255

/**
 * `PUT /uploads/BATCH/PATH`: streams the body into a file of the profile, and answers with the file's `path`.
 * Throws `FILE_EXISTS` if the file exists, because a study may use the file.
 */
export async function receiveUpload(profile: Profile, parts: readonly string[], request: Request): Promise<Response> {
  const [batch, ...names] = parts
  if (!/^[\w-]{1,64}$/.test(batch ?? '') || names.length === 0 || !names.every(isPlainName)) {
    throw new AppError('INVALID_ARGUMENT', `Expected a batch and a plain path, got ${parts.join('/')}`)
  }
  const folder = join(uploadsDirectory(profile), batch)
  const path = join(folder, ...names)
  try {
    await inWorkshop(dirname(path), async workshop => {
      const chosen = await choose(path, false)
      const finished = join(workshop, 'upload')
      const body = request.body ? Readable.fromWeb(request.body as WebStream) : Readable.from([])
      await pipeline(body, createWriteStream(finished), { signal: request.signal })
      await placeAt(finished, chosen)
    })
  } catch (error) {
    if (error instanceof AppError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC') throw new AppError('DISK_FULL', `The disk is full: ${message}`, error)
    if (code === 'ABORT_ERR' || request.signal.aborted) throw new AppError('CANCELLED', 'Cancelled')
    throw new AppError('FILE_UNREADABLE', `Expected the file whole, got: ${message}, in ${path}`, error)
  }
  return json({ path }, 201)
}

const TYPES: Readonly<Record<string, string>> = {
  '.h5': 'application/x-hdf5',
  '.html': 'text/html; charset=utf-8',
  '.gz': 'application/gzip',
  '.dcm': 'application/dicom',
  '.zip': 'application/zip',
}

/** `GET /downloads/NAME` */
export async function sendDownload(profile: Profile, [name, ...more]: readonly string[]): Promise<Response> {
  if (!name || more.length > 0 || !isPlainName(name)) return notFound('file of that name')
  const path = join(reconstructionsDirectory(profile), name)
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) return notFound(`file ${name}`)
  return new Response(Readable.toWeb(createReadStream(path)) as unknown as ReadableStream<Uint8Array>, {
    headers: {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-length': String(found.size),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
      'cache-control': 'no-store',
    },
  })
}
