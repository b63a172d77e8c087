/** Contents of files. Each whole file is read once, and again only after it was written. */
import { basename } from 'node:path'
import { AppError, reasonOf } from '../../../contract/errors.ts'
import { type SkippedFile, VolumeContent, VolumeInfo } from '../../../contract/volumes.ts'
import { fileVersion, isSameVersion, versionKey, versionNow } from '../../../engine/files/file-version.ts'
import type { Progress, ReadContent } from '../../../engine/process/protocol.ts'
import type { EnginePool } from '../../places/engine-pool.ts'
import { keepResults } from '../../profile/kept-results.ts'
import { storedFile } from '../../profile/paths.ts'
import type { Profile } from '../../profile/profile.ts'

/** A volume whose whole file has been read. */
export const WholeVolume = VolumeInfo.extend({ content: VolumeContent })
export type WholeVolume = VolumeInfo & { readonly content: VolumeContent }

export interface ReadOptions {
  /** Progress in megabytes. */
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Reads files again whose contents an older program read, which did not examine whether k-space is raw. */
  readonly examines?: boolean
}

export interface Contents {
  /** Called when contents of files were stored in a study. */
  taken(study: number): void
  /**
   * The present contents of a file. `null`: the file was not read after it was last written.
   * Throws `FILE_UNREADABLE` if the file is missing.
   */
  known(path: string): WholeVolume | null
  /** Whether the present version of the file was read and is unusable. */
  isUnusable(path: string): boolean
  /**
   * Reads files with unknown contents, and returns results in the order of `paths`. Concurrent calls for one file share
   * one reading.
   */
  read(paths: readonly string[], options?: ReadOptions): Promise<readonly ReadContent[]>
}

/** A profile with the engines and the contents of files that its studies need. */
export interface OpenProfile {
  readonly profile: Profile
  readonly engines: EnginePool
  readonly contents: Contents
}

/** Separates usable volumes from files that cannot be used. */
export function sortOut(read: readonly ReadContent[]): { volumes: WholeVolume[]; skipped: SkippedFile[] } {
  return {
    volumes: read.flatMap(each => ('volume' in each ? [each.volume] : [])),
    skipped: read.flatMap(each => ('reason' in each ? [each] : [])),
  }
}

const MEGABYTE = 1e6

/** Older programs did not judge the edges of k-space, on which it depends whether a ground truth is computed. */
const isJudged = ({ targetShape, origin, content: { sampling } }: WholeVolume): boolean =>
  targetShape !== null || origin !== 'measured' || sampling.kind !== 'full' || sampling.edges !== undefined

const isExamined = ({ content: { sampling, crimes } }: WholeVolume): boolean =>
  sampling.kind !== 'full' || crimes !== undefined

export function makeContents(profile: Profile, engines: EnginePool, taken: Contents['taken']): Contents {
  const { db } = profile
  /** Parsed rows of the database, by path. */
  const parsed = new Map<string, WholeVolume>()
  /** Version of each file that was unusable when it was last read. */
  const unusable = new Map<string, string>()
  /** Readings in progress, by file and version. */
  const readings = keepResults<ReadContent>(0, () => 1)

  function stored(path: string): WholeVolume | null {
    const before = parsed.get(path)
    if (before) return before
    const info = db.prepare('SELECT info FROM contents WHERE path = ?').pluck().get(storedFile(profile, path)) as
      | string
      | undefined
    if (info === undefined) return null
    const volume = { ...WholeVolume.parse(JSON.parse(info)), path }
    parsed.set(path, volume)
    return volume
  }

  function known(path: string): WholeVolume | null {
    const isCurrent = (volume: WholeVolume | null) =>
      volume !== null &&
      isJudged(volume) &&
      isSameVersion(volume.content.version, versionNow(path, volume.content.version))
    fileVersion(path) // throws if the file is missing
    const volume = stored(path)
    if (isCurrent(volume)) return volume
    parsed.delete(path) // another process may have read it since
    const again = stored(path)
    return isCurrent(again) ? again : null
  }

  function remember(volume: WholeVolume): void {
    db.prepare(
      `INSERT INTO contents (path, info, read_at) VALUES (@path, @info, @at)
        ON CONFLICT (path) DO UPDATE SET info = excluded.info, read_at = excluded.read_at`,
    ).run({ path: storedFile(profile, volume.path), info: JSON.stringify(volume), at: new Date().toISOString() })
    parsed.set(volume.path, volume)
  }

  async function readFile(path: string, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<ReadContent> {
    let found: ReadContent | null = null
    const params = { paths: [path], salt: profile.salt }
    await engines.interactive.call('contents', params, {
      signal,
      onEvent(event) {
        if (event.type === 'bytes') onBytes(event.read)
        else found = event
      },
    })
    const result = found as ReadContent | null
    if (!result) throw new Error(`The engine did not say what is in ${path}`)
    if ('volume' in result) remember(result.volume)
    return 'volume' in result ? { path, volume: result.volume } : { path, reason: result.reason }
  }

  return {
    taken,
    known,
    isUnusable: path => unusable.get(path) === versionKey(fileVersion(path)),
    async read(paths, { onProgress, signal, examines = false } = {}) {
      const results = new Map<string, ReadContent>()
      const wanted: { readonly path: string; readonly version: string; readonly bytes: number }[] = []
      for (const path of new Set(paths)) {
        try {
          const volume = known(path)
          if (volume && (!examines || isExamined(volume))) results.set(path, { path, volume })
          else {
            const version = fileVersion(path)
            wanted.push({ path, version: versionKey(version), bytes: version.bytes })
          }
        } catch (error) {
          results.set(path, { path, reason: reasonOf(error) })
        }
      }
      const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0)
      let before = 0
      const tell = (bytes: number, label: string) =>
        onProgress?.({ done: Math.min(bytes, total) / MEGABYTE, total: total / MEGABYTE, label })
      for (const { path, version, bytes } of wanted) {
        tell(before, basename(path))
        const make = (aborted: AbortSignal) => readFile(path, read => tell(before + read, basename(path)), aborted)
        try {
          results.set(path, await readings.get(`${path}@${version}`, make, signal))
        } catch (error) {
          if (!(error instanceof AppError) || error.code === 'CANCELLED' || error.code === 'ENGINE_DIED') throw error
          results.set(path, { path, reason: error.message })
        }
        if ('reason' in results.get(path)!) unusable.set(path, version)
        before += bytes
      }
      if (wanted.length > 0) tell(total, '')
      return paths.map(path => results.get(path)!)
    },
  }
}
