/** The study, volume and runs of all stories. The fake host answers for the same volume. */
import type { RunView } from '../../../../src/contract/runs.ts'
import type { Study, StudyVolume } from '../../../../src/contract/studies.ts'

export const SHAPE = [64, 48] as const

/** A file name without a space or hyphen, so that no line breaks in it. */
export const LONG_FILE = `file_brain_AXT2_${'0123456789'.repeat(8)}_with_gadolinium_second_visit.h5`

export const VOLUME: StudyVolume = {
  id: 7,
  role: 'test',
  path: '/data/file1.h5',
  file: 'file1.h5',
  slices: 9,
  rows: 128,
  columns: 48,
  coils: 1,
  targetShape: [...SHAPE],
  reconSize: [...SHAPE],
  acquisition: 'AXT2',
  maximum: 1,
  orientation: ['L', 'F'],
  patient: 'patient of file1',
  sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 },
  origin: 'measured',
  noiseFree: false,
  bytes: 1e6,
}

export const STUDY: Study = {
  id: 3,
  name: 'Brains',
  kind: 'folder',
  roots: ['/data'],
  split: { by: 'folders', seed: null, fractions: null },
  slices: { kind: 'all' },
  remarks: [],
  createdAt: '2024-01-01T00:00:00Z',
  volumes: [VOLUME],
  skipped: [],
}

export function run(id: string, kind: RunView['kind'], changes: Partial<RunView> = {}): RunView {
  return {
    id,
    kind,
    method: null,
    methodLabel: null,
    network: 'unet',
    channels: 32,
    parent: null,
    parentEpoch: null,
    study: STUDY.name,
    status: 'finished',
    reason: null,
    createdAt: STUDY.createdAt,
    startedAt: STUDY.createdAt,
    finishedAt: STUDY.createdAt,
    job: null,
    elsewhere: null,
    epochs: { done: 10, planned: 10 },
    metrics: { ssim: 0.9, psnr: 31, nmse: 0.01 },
    checkpoint: { path: `/runs/${id}/best.safetensors`, sha256: id.padStart(64, '0') },
    milestones: [],
    stateStep: null,
    resumable: false,
    suggestion: null,
    summary: null,
    contents: 'current',
    config: {
      kind,
      network: 'unet',
      networkConfig: {},
      method: null,
      methodConfig: {},
      pretext: null,
      recipe: null,
      mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
      seed: 0,
    } as unknown as RunView['config'],
    queuePosition: null,
    arbitraryUnits: false,
    trainedPatients: [],
    validatedPatients: [],
    unknownTraining: false,
    takes: 'magnitude',
    gives: [],
    cascades: 0,
    trainedCoils: null,
    keptEpoch: 10,
    secondsBefore: 0,
    ...changes,
  }
}

export const PRETRAINED = run('1', 'pretrain', { method: 'simclr', methodLabel: 'SimCLR', arbitraryUnits: true })
export const FINE_TUNED = run('2', 'finetune', { parent: '1' })
export const BASELINE = run('3', 'train')
export const CASCADED = run('5', 'train', {
  network: 'varnet',
  channels: 8,
  takes: 'kspace',
  gives: ['k-space', 'complex image', 'cascade', 'maps'],
  cascades: 5,
  trainedCoils: [8, 8],
})
export const LONG_RUN = run('1234567', 'pretrain', {
  method: 'long',
  methodLabel: 'Relative position and reconstruction of permuted k-space columns with a memory bank',
  trainedPatients: [VOLUME.patient],
})
export const RUNS = [PRETRAINED, FINE_TUNED, BASELINE]

/** Intensity of a bright ellipse that grows with the slice. Its left half is darker than its right half. */
export function phantom(slice: number, gain: number): Float32Array {
  const [height, width] = SHAPE
  const size = 0.5 + 0.05 * slice
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [x, y] = [((i % width) + 0.5) / width - 0.5, (Math.floor(i / width) + 0.5) / height - 0.5]
    const inside = (2 * x) ** 2 + (2 * y) ** 2 < size ** 2
    return inside ? gain * (x < 0 ? 0.5 : 1) : 0
  })
}
