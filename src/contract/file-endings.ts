/** Endings of files with k-space, lower case. The table of formats in core has the same (a test compares them). */
export const VOLUME_ENDINGS = ['.h5', '.hdf5', '.mrd', '.mat', '.npy', '.npz', '.cfl'] as const

/** Endings of files that belong to such a file. */
export const BESIDE_ENDINGS = ['.hdr'] as const

const endsIn = (path: string, endings: readonly string[]) => endings.some(ending => path.toLowerCase().endsWith(ending))

/** Whether a file may hold k-space, or belong to a file that does. */
export const mayHoldKspace = (path: string): boolean => endsIn(path, VOLUME_ENDINGS) || endsIn(path, BESIDE_ENDINGS)
