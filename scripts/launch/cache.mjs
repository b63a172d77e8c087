import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

/** The user's cache folder. A test compares it with `cacheDirectory` of src/engine/install/environment.ts. */
export function cacheDirectory({ env = process.env, platform = process.platform, home = homedir() } = {}) {
  if (env.SELF_MRI_CACHE) return resolve(env.INIT_CWD ?? process.cwd(), env.SELF_MRI_CACHE)
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'self-mri')
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'self-mri', 'Cache')
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'self-mri')
}
