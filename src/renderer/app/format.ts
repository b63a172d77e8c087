/** Names as the screens write them, and the numbers that only the screens show. */
import type { RunKind, RunStatus, RunView } from '../../contract/runs.ts'
import type { Role, VolumeInfo } from '../../contract/volumes.ts'
import { count } from '../../presentation/numbers.ts'

/** Three digits; k-space units are small. */
export function signal(value: number): string {
  const size = Math.abs(value)
  const digits =
    size === 0 || (size >= 1e-3 && size < 1e6) ? String(Number(size.toPrecision(3))) : size.toExponential(2)
  return value < 0 ? `−${digits}` : digits
}

export const ROLE_LABEL: Readonly<Record<Role, string>> = { train: 'training', val: 'validation', test: 'test' }

export const STATUS_LABEL: Readonly<Record<RunStatus, string>> = {
  queued: 'queued',
  running: 'running',
  paused: 'paused',
  finished: 'finished',
  cancelled: 'cancelled',
  failed: 'failed',
  interrupted: 'interrupted',
}

const KIND_LABEL: Readonly<Record<RunKind, string>> = {
  pretrain: 'pre-training',
  finetune: 'fine-tuning',
  train: 'from scratch',
  import: 'imported checkpoint',
}

/**
 * 'SimCLR pre-training', 'fine-tuning of 12', 'fine-tuning of 12@50' (from its milestone), 'from scratch, 10 epochs',
 * 'imported checkpoint'.
 */
export function runLabel(run: RunView): string {
  if (run.kind === 'pretrain') return `${run.methodLabel} ${KIND_LABEL.pretrain}`
  if (run.kind === 'finetune') {
    const epoch = run.parentEpoch === null ? '' : `@${run.parentEpoch}`
    return `fine-tuning${/^\d+$/.test(run.parent ?? '') ? ` of ${run.parent}${epoch}` : ''}`
  }
  if (run.kind === 'train') return `${KIND_LABEL.train}, ${count(run.epochs.planned, 'epoch')}`
  return run.methodLabel ? `${KIND_LABEL.import}, ${run.methodLabel}` : KIND_LABEL.import
}

export function matrix({ rows, columns, targetShape }: VolumeInfo): string {
  const kspace = `${rows} × ${columns}`
  const image = targetShape?.join(' × ') ?? kspace
  return image === kspace ? kspace : `${kspace} → ${image}`
}

/** A path's last part, on whatever system. */
export const fileOf = (path: string): string => path.split(/[\\/]/).at(-1)!

/** Removes the host's upload folder from paths in a text, so that the user reads the file's own name. */
export const withoutUpload = (text: string): string =>
  text.replaceAll(/(?<=^|\s)(?:[A-Za-z]:)?[\\/][^:\n]*?[\\/]uploads[\\/][0-9a-f-]{36}[\\/]/g, '')
