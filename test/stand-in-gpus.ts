/** A stand-in for nvidia-smi, which tells of GPUs that do not exist. Tests change the GPUs while they run. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { vi } from 'vitest'

export interface StandInGpu {
  readonly index: number
  readonly name: string
  /** As nvidia-smi prints them. */
  readonly used: string
  readonly total: string
  readonly temperature: string
  readonly utilisation: string
  readonly programs: readonly { readonly pid: number; readonly name: string; readonly used: string }[]
  readonly parts: readonly string[]
}

export const uuidOf = (index: number) => `GPU-0000000${index}-aaaa-bbbb-cccc-dddddddddddd`
export const partUuidOf = (index: number, part: number) => `MIG-${index}000000${part}-aaaa-bbbb-cccc-dddddddddddd`

export const gpu = (index: number, changes: Partial<StandInGpu> = {}): StandInGpu => ({
  index,
  name: 'NVIDIA A100-SXM4-40GB',
  used: String(1000 + index),
  total: '40960',
  temperature: String(40 + index),
  utilisation: '7',
  programs: [],
  parts: [],
  ...changes,
})

/** Answers by files, which are replaced in one step. A file `hang` makes the program wait for ever, as a driver may. */
const SCRIPT = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$1" >> asked
while [ -e hang ]; do sleep 0.1; done
case "$1" in
  -L) cat list ;;
  --query-gpu=uuid,memory.used,memory.total,temperature.gpu,utilization.gpu) cat gpus ;;
  --query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory) cat programs ;;
esac
`

export interface StandIn {
  /** Folder of the program, and of `asked`: the first argument of every call. */
  readonly folder: string
  show(gpus: readonly StandInGpu[]): void
  hang(hangs: boolean): void
  remove(): void
}

/** Puts the stand-in first on the PATH, until `vi.unstubAllEnvs`. */
export function standInGpus(gpus: readonly StandInGpu[]): StandIn {
  const folder = mkdtempSync(join(tmpdir(), 'nvidia-smi-'))
  writeFileSync(join(folder, 'nvidia-smi'), SCRIPT, { mode: 0o755 })
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`)
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined)
  const write = (name: string, lines: readonly string[]) => {
    writeFileSync(join(folder, `${name}.part`), lines.map(line => `${line}\n`).join(''))
    renameSync(join(folder, `${name}.part`), join(folder, name))
  }
  const show: StandIn['show'] = shown => {
    write(
      'list',
      shown.flatMap(({ index, name, parts }) => [
        `GPU ${index}: ${name} (UUID: ${uuidOf(index)})`,
        ...parts.map((part, i) => `  MIG ${part}      Device  ${i}: (UUID: ${partUuidOf(index, i)})`),
      ]),
    )
    write(
      'gpus',
      shown.map(({ index, used, total, temperature, utilisation }) =>
        [uuidOf(index), used, total, temperature, utilisation].join(', '),
      ),
    )
    write(
      'programs',
      shown.flatMap(({ index, programs }) =>
        programs.map(({ pid, name, used }) => `${uuidOf(index)}, ${pid}, ${name}, ${used}`),
      ),
    )
  }
  show(gpus)
  return {
    folder,
    show,
    hang: hangs => (hangs ? writeFileSync(join(folder, 'hang'), '') : rmSync(join(folder, 'hang'), { force: true })),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
