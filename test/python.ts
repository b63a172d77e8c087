/** Makes a virtual environment of Python in the user's cache, with exactly the packages of a requirements.txt. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { AppError } from '../src/contract/errors.ts'
import { cacheDirectory } from '../src/engine/install/environment.ts'
import { whileLocked } from '../src/engine/install/lock.ts'
import { run } from '../src/engine/install/run.ts'

const OLDEST = [3, 10]

export interface Packages {
  /** Name of a folder in the cache. */
  readonly folder: string
  /** Path of the requirements.txt. */
  readonly requirements: string
  /** Packages with versions that are installed without their dependencies. */
  readonly alone?: readonly string[]
  /** Python code that fails if a package is missing. */
  readonly imports: string
  /** The packages in words, and the size of their download. */
  readonly label: string
}

/** Path of the environment's Python. A missing environment is made, and a broken environment is made again. */
export async function pythonWith(packages: Packages, say: (line: string) => void): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(packages.requirements))
    .update((packages.alone ?? []).join())
    .digest('hex')
    .slice(0, 12)
  const root = join(cacheDirectory(), packages.folder)
  const home = join(root, `python-${key}`)
  const python = join(home, 'bin', 'python')
  if (await imports(python, packages)) return python
  await mkdir(root, { recursive: true })
  return whileLocked(
    join(root, 'install.lock'),
    async () => {
      if (!(await imports(python, packages))) await install(root, home, python, packages, say)
      return python
    },
    { onWait: owner => say(`Waiting for process ${owner}, which installs ${packages.label} …`) },
  )
}

async function imports(python: string, packages: Packages): Promise<boolean> {
  return (await run(python, ['-I', '-c', packages.imports])).status === 0
}

async function install(
  root: string,
  home: string,
  python: string,
  { requirements, alone = [], imports, label }: Packages,
  say: (line: string) => void,
): Promise<void> {
  const base = await findPython(label)
  // Removes broken environments and those of other versions, because each takes up to 6 GB.
  for (const name of await readdir(root)) {
    if (name.startsWith('python-')) await rm(join(root, name), { recursive: true, force: true })
  }
  say(`Installing, once: ${label} …`)
  await must(base, ['-m', 'venv', home], {}, 'Debian and Ubuntu: `sudo apt install python3-venv`')
  const temporary = join(home, 'temporary') // /tmp may be too small
  await mkdir(temporary)
  const pip = ['-I', '-m', 'pip', 'install', '--no-cache-dir', '--only-binary=:all:']
  const env = { TMPDIR: temporary, PIP_USER: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
  const remedy = 'check the network, the disk’s space and pip’s index (`python3 -m pip config list`)'
  await must(python, [...pip, '--requirement', requirements], env, remedy)
  if (alone.length > 0) await must(python, [...pip, '--no-deps', ...alone], env, remedy)
  await rm(temporary, { recursive: true, force: true })
  await must(python, ['-I', '-c', imports], {}, 'start again')
}

async function findPython(label: string): Promise<string> {
  let found = 'none'
  for (const command of ['python3', 'python']) {
    const { status, output } = await run(command, ['-I', '-c', 'import sys; print(*sys.version_info[:2], sep=".")'])
    if (status !== 0) continue
    const [major, minor] = output.trim().split('.').map(Number)
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return command
    found = output.trim()
  }
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `Expected Python ${OLDEST.join('.')} or newer for ${label}, got ${found}. ` +
      'Install it (Debian and Ubuntu: `sudo apt install python3 python3-venv`) and start again.',
  )
}

/** Runs a step. Its output goes to standard error, because standard output belongs to the caller. */
async function must(command: string, args: string[], env: NodeJS.ProcessEnv, remedy: string): Promise<void> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 2, 2] })
  const [status, signal] = await once(child, 'close')
  if (status === 0) return
  const step = args.includes('pip') ? 'pip' : args.includes('venv') ? 'python3 -m venv' : 'Trying the packages'
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `${step} ended with ${signal ?? `status ${status}`}; its own words are above. Remedy: ${remedy}.`,
  )
}
