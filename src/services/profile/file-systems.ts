/** The file system of the database. SQLite needs locks that network file systems do not give reliably. */
import { statfsSync } from 'node:fs'
import process from 'node:process'

/** Types of `statfs` on Linux. */
const NETWORK: Readonly<Record<number, string>> = {
  26985: 'NFS', // 0x6969
  198183888: 'Lustre', // 0x0BD00BD0
  1196443219: 'GPFS', // 0x47504653
  4283649346: 'SMB', // 0xFF534D42
  4266872130: 'SMB', // 0xFE534D42
  428016422: 'BeeGFS', // 0x19830326
}

const typeOf = (folder: string): number => (process.platform === 'linux' ? statfsSync(folder).type : 0)

/** The network file system of a folder. `null`: a local disk, or a file system that is not known. */
export function networkOf(folder: string, read: (folder: string) => number = typeOf): string | null {
  try {
    return NETWORK[read(folder) >>> 0] ?? null
  } catch {
    return null // the folder does not exist
  }
}

/** Why the database is not safe in the profile's folder. `null`: the folder is on a local disk. */
export function databaseCaution(profile: string, read: (folder: string) => number = typeOf): string | null {
  const name = networkOf(profile, read)
  if (name === null) return null
  return (
    `The database of the profile is on ${name}: ${profile}. SQLite is not safe on ${name}: if two machines write, ` +
    'the database can be damaged. Move the profile to a local disk of this machine. Only the runs may stay: ' +
    'name their folder with --runs FOLDER.'
  )
}
