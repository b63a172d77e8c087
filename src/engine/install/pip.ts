/** Fetches the pinned wheels through the user's own pip, which knows the user's mirror and proxy. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { requirementsPath, type Variant } from './environment.ts'
import type { Platform } from './platform.ts'
import { type Ended, run } from './run.ts'

/** The command that starts pip: a program and its first arguments. */
export type Pip = readonly [string, ...string[]]

const CANDIDATES: readonly Pip[] = [['python3', '-m', 'pip'], ['pip3'], ['pip']]

/** The first version of pip that accepts several `--platform` options. */
const OLDEST = 21

/** Measured bytes of the wheels and of their content, for pip's progress and the disk space. */
export const WHEELS: Record<Variant, { readonly packed: number; readonly unpacked: number }> = {
  cpu: { packed: 0.274e9, unpacked: 1.27e9 },
  cuda: { packed: 3.39e9, unpacked: 6.29e9 },
}

export async function findPip(signal?: AbortSignal, candidates = CANDIDATES): Promise<Pip> {
  let tooOld: string | null = null
  for (const pip of candidates) {
    const [command, ...args] = pip
    const { status, output } = await run(command, [...args, '--version'], { signal })
    if (status !== 0) continue
    const version = /^pip ([\d.]+)/m.exec(output)?.[1]
    if (Number.parseInt(version ?? '', 10) >= OLDEST) return pip
    tooOld ??= version ?? output.trim()
  }
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    tooOld === null
      ? "Expected Python's installer pip, which fetches TensorFlow, got none. Install it: Debian and Ubuntu " +
          '`sudo apt install python3-pip`, Fedora `sudo dnf install python3-pip`, macOS `brew install python`.'
      : `Expected pip ${OLDEST} or newer, got ${tooOld}. Upgrade it: \`python3 -m pip install --user --upgrade pip\`.`,
  )
}

type Download = {
  readonly pip: Pip
  readonly variant: Variant
  readonly platform: Platform
  /** Folder for the wheels' content. */
  readonly target: string
  /** Folder for pip's temporary files, because /tmp may be small, and moving files from /tmp may be slow. */
  readonly temporary: string
  readonly onProgress: (label: string, fraction: number) => void
  readonly signal?: AbortSignal
}

export async function downloadTensorflow(download: Download): Promise<void> {
  const { pip, variant, platform, target, temporary, onProgress, signal } = download
  let label = 'Fetching TensorFlow'
  const growth = watchGrowth([temporary, target], (packed, unpacked) => {
    const fraction = label === UNPACKING ? unpacked / WHEELS[variant].unpacked : packed / WHEELS[variant].packed
    onProgress(label, Math.min(1, fraction))
  })
  const [command, ...first] = pip
  const args = [...first, 'install', '--target', target, '--requirement', requirementsPath(variant), ...fixed(platform)]
  try {
    const ended = await run(command, args, {
      signal,
      // Switches off settings of the user that conflict with --target.
      env: { TMPDIR: temporary, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
      onLine: line => {
        label = describe(line) ?? label
      },
    })
    if (ended.status !== 0) throw pipError(ended)
  } finally {
    growth.stop()
  }
}

/**
 * Options that fix one Python version, and so one hash. TensorFlow's wheels for other Python versions differ only in
 * unused parts.
 */
function fixed(platform: Platform): string[] {
  return [
    ...['--no-deps', '--require-hashes', '--only-binary=:all:', '--no-compile', '--upgrade'],
    ...['--implementation', 'cp', '--python-version', '3.11', '--progress-bar', 'off'],
    ...platform.tags.flatMap(tag => ['--platform', tag]),
  ]
}

const UNPACKING = 'Unpacking TensorFlow'

/**
 * Turns pip's lines `Downloading x-1.0-….whl (274.1 MB)` and `Installing collected packages: …` into progress labels.
 */
function describe(line: string): string | null {
  const wheel = /^(?:Downloading|Using cached|Processing) (?:.*\/)?([^/\s]+?)-([\d.]+)-\S+\.whl(?: \((.+)\))?/.exec(
    line,
  )
  if (wheel) return `Fetching ${wheel[1].replaceAll('_', '-')} ${wheel[2]}${wheel[3] ? ` (${wheel[3]})` : ''}`
  return line.startsWith('Installing collected packages') ? UNPACKING : null
}

/**
 * Measures progress by the growth of folders, which works with every pip. Only pip 24.1 and newer prints its progress
 * (`--progress-bar raw`), per wheel and without the unpacking.
 */
function watchGrowth(folders: readonly string[], onBytes: (packed: number, unpacked: number) => void) {
  let stopped = false
  const measure = async () => {
    let [packed, unpacked] = [0, 0]
    for (const folder of folders) {
      for await (const [name, bytes] of filesOf(folder)) {
        if (name.endsWith('.whl')) packed += bytes
        else unpacked += bytes
      }
    }
    if (stopped) return
    onBytes(packed, unpacked)
    timer = setTimeout(measure, 1000)
  }
  let timer = setTimeout(measure, 0)
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Name and size of each file. Files that pip removes in the meantime are skipped. */
async function* filesOf(folder: string): AsyncGenerator<[name: string, bytes: number]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null)
    if (found) yield [entry.name, found.size]
  }
}

export function pipError({ status, output }: Ended): AppError {
  const lines = output.split('\n').filter(line => line.trim())
  const said = (lines.findLast(line => /^ERROR|Error:/.test(line)) ?? lines.at(-1) ?? '').trim()
  if (/No space left on device|Errno 28/.test(output)) {
    return new AppError('DISK_FULL', `The disk filled up while pip unpacked TensorFlow: ${said}`)
  }
  const remedy = /HASHES/.test(output)
    ? 'A wheel does not match its pinned hash: the download is damaged, or the mirror changed. ' +
      'Try again, or set another index.'
    : 'Check the network, and pip’s index and proxy (`python3 -m pip config list`), then try again.'
  return new AppError('ENGINE_UNAVAILABLE', `pip ended with status ${status}: ${said}\n${remedy}`)
}
