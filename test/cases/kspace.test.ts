/** K3 to K7: how import judges a file's k-space and ground truth, and how the file is scored. */
import { readFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import type { Evaluation, Metrics } from '../../src/contract/evaluation.ts'
import type { RunRow } from '../../src/contract/runs.ts'
import type { Study } from '../../src/contract/studies.ts'
import type { Sampling, SliceFault } from '../../src/contract/volumes.ts'
import { further, metricsOf, type Variant, variant } from './variant.ts'

vi.setConfig({ testTimeout: 120_000 })

const TRAIN = ['train', '--epochs', '2', '--channels', '2', '--pools', '2']

const numbers = (v: Variant) => v.right.numbers as Record<string, number>

interface Scored {
  readonly evaluation: Evaluation
  /** The text on standard error, beside the JSON document. */
  readonly said: string
}

async function score(v: Variant, ...args: string[]): Promise<Scored> {
  const { exit, out, err } = await v.cli('evaluate', ...args, '--json')
  expect(exit, err).toBe(0)
  return { evaluation: JSON.parse(out), said: err }
}

/** Imports a file, expects this sampling, and expects the right scores without a further mask. */
async function scoredAsItIs(v: Variant, file: string, sampling: Partial<Sampling>, right: Record<string, number>) {
  const study = await v.json<Study>('import', file)
  v.say(JSON.stringify(sampling), JSON.stringify(study.volumes[0].sampling))
  expect(study.volumes[0].sampling).toMatchObject(sampling)
  const [volume] = (await score(v, file)).evaluation.volumes
  v.say('sub-sampled in the file', volume.sampling)
  v.equal(right, metricsOf(volume))
  expect(volume.sampling).toBe('sub-sampled in the file')
}

/** Makes a study of this training file and a fully sampled validation file, and expects that training is refused. */
async function neverTrainedOn(v: Variant, file: string): Promise<void> {
  v.add(`K3-sampling/${file}`, `study/train/${file.split('/').at(-1)}`)
  v.add('K10-validation-range/last_one/files/val/val0.h5', 'study/val/val0.h5')
  await v.json('import', 'study')
  await v.refused([...TRAIN, '--study', 'study'], {
    code: ['UNSUPPORTED_FORMAT', 'INVALID_ARGUMENT'],
    names: file.split('/').at(-1)!,
    remedy: /Exclude|Leave|Remove|Move|Use|Choose|Take|Import/,
  })
}

variant('K3-sampling/each_slice_otherwise', async v => {
  await scoredAsItIs(v, 'each_slice.h5', { kind: 'irregular', pattern: 'each slice differs' }, numbers(v))
  await neverTrainedOn(v, 'each_slice_otherwise/files/each_slice.h5')
})

variant('K3-sampling/only_outer_slices', async v => {
  const sampling = { kind: 'irregular', pattern: 'each slice differs' } as const
  await scoredAsItIs(v, 'outer_slices.h5', sampling, further['K3-sampling/only_outer_slices'])
  await neverTrainedOn(v, 'only_outer_slices/files/outer_slices.h5')
})

variant('K3-sampling/radial', async v => {
  await scoredAsItIs(v, 'radial.h5', { kind: 'irregular', pattern: 'points' }, numbers(v))
  await neverTrainedOn(v, 'radial/files/radial.h5')
})

for (const id of ['round_trip_2x', 'round_trip_8x'])
  variant(`K3-sampling/${id}`, async v => {
    const [, empty, columns] = /^(\d+) of (\d+) columns/.exec(v.right.right)!.map(Number)
    const sampling = { kind: 'sub-sampled', evidence: 'empty columns', measuredColumns: columns - empty } as const
    await scoredAsItIs(v, `${id}.h5`, sampling, numbers(v))
  })

interface LeftOut {
  readonly file: string
  /** Slices counted from 0. */
  readonly faults: readonly (Pick<SliceFault, 'slice' | 'dataset'> & Partial<SliceFault>)[]
  readonly right: Readonly<Record<string, number>>
  readonly why: RegExp
  /** A further text that import must print. */
  readonly names?: string
}

/**
 * Import and score must say in one line which slices of the file (counted from 1) are left out, and why.
 * The other slices must have the right scores.
 */
async function leftOut(v: Variant, { file, faults, right, why, names }: LeftOut): Promise<void> {
  const listed = faults.map(fault => expect.objectContaining(fault))
  const { volumes } = await v.json<Study>('import', file, '--name', 'json')
  const { evaluation } = await score(v, file)
  const [scored] = evaluation.volumes
  v.say(`left out ${JSON.stringify(faults)}`, JSON.stringify(scored?.leftOut ?? 'nothing'))
  v.equal(right, { slices: scored?.slices, ...metricsOf(scored) })
  expect(scored.leftOut).toEqual(listed)
  expect(volumes[0].content?.faults).toEqual(listed)

  const slices = faults.map(({ slice }) => slice + 1)
  const isSaid = (line: string) => /slice/i.test(line) && slices.every(slice => new RegExp(`\\b${slice}\\b`).test(line))
  for (const args of [
    ['import', file, '--name', 'words'],
    ['evaluate', file],
  ]) {
    const { exit, out, err } = await v.cli(...args)
    expect(exit, err).toBe(0)
    const lines = (out + err).split('\n').filter(line => !line.startsWith('│'))
    const mustSay = (what: string, isSo: (line: string) => boolean) => {
      const line = lines.find(each => each.includes(file) && isSo(each))
      v.say(`${args[0]} says of ${file}: ${what}`, line ?? `not said: ${lines.join(' ')}`)
      expect(line, `${args[0]}: ${what}`).toBeDefined()
    }
    mustSay(`slice ${slices.join(', slice ')}, ${why.source}`, line => isSaid(line) && why.test(line))
    if (args[0] !== 'import') continue
    if (names) mustSay(names, line => line.includes(names))
    expect(out, 'the volume’s k-space is not just called full').not.toMatch(/│ full +│/)
  }
}

variant('K4-missing-slices/kspace_chunk_never_written', v =>
  leftOut(v, {
    file: 'unwritten.h5',
    faults: [{ slice: 2, dataset: 'kspace', fault: 'all zero' }],
    right: { slices: 2, ...further['K4-missing-slices/kspace_chunk_never_written'] },
    why: /zero|empty|missing|never written/i,
  }),
)

variant('K4-missing-slices/truth_chunk_never_written', v =>
  leftOut(v, {
    file: 'unwritten_truth.h5',
    faults: [2, 3].map(slice => ({ slice, dataset: 'reconstruction_esc', fault: 'all zero' })),
    right: { slices: 2, ...further['K4-missing-slices/truth_chunk_never_written'] },
    why: /zero|empty|missing|never written/i,
  }),
)

variant('K4-missing-slices/virtual_source_gone', v =>
  leftOut(v, {
    file: 'vds.h5',
    faults: [{ slice: 2, dataset: 'kspace' }],
    right: { slices: 2, ...further['K4-missing-slices/virtual_source_gone'] },
    why: /zero|empty|missing|gone|no such file/i,
    names: 's2.hdf',
  }),
)

/** Whether import refuses a file whose type is not supported. If import takes the file, its scores must be right. */
async function refusedAtImport(v: Variant, file: string, reason: RegExp): Promise<boolean> {
  const { exit, err } = await v.cli('import', file, '--name', 'probe', '--json')
  if (exit === 0) return false
  expect(err).toMatch(reason)
  await v.refused(['import', file, '--name', 'refused'], {
    code: 'UNSUPPORTED_FORMAT',
    names: file,
    remedy: /Write|Export|Convert|Save|Store|Re-export|Repack/i,
  })
  return true
}

variant('K5-element-types/complex32_top_30', async v => {
  if (await refusedAtImport(v, 'c32.h5', /16-bit|half/i)) return
  const [volume] = (await v.json<Study>('studies', 'probe')).volumes
  v.say('full', volume.sampling.kind)
  expect(volume.sampling.kind).toBe('full')
  v.equal(numbers(v), metricsOf((await score(v, 'c32.h5')).evaluation.volumes[0]))
  const { volumes } = await v.json<{ volumes: { output: string }[] }>(
    ...['reconstruct', 'c32.h5', '--format', 'npy', '--out', 'out'],
  )
  const bytes = readFileSync(volumes[0].output)
  const start = 10 + bytes.readUInt16LE(8)
  const values = Array.from({ length: (bytes.length - start) / 4 }, (_, i) => bytes.readFloatLE(start + 4 * i))
  expect(values.length).toBe(3 * 48 * 48)
  expect(values.every(Number.isFinite), 'no NaN is written').toBe(true)
})

variant('K5-element-types/truth_complex_in_validation', async v => {
  const { exit, out, err } = await v.cli('import', 'train', 'val', '--name', 's')
  const sentence = (out + err).split('\n').find(line => /b\.h5|ground truth/.test(line) && /complex/.test(line))
  v.say('import says that the ground truth of b.h5 is complex', sentence ?? `not said: ${out + err}`)
  expect(exit, err).toBe(0) // The training file is usable.
  expect(sentence).toBeDefined()
  expect(sentence).toMatch(/b\.h5/)
  const { volumes } = await v.json<Study>('studies', 's')
  expect(volumes.filter(({ file, targetShape }) => file === 'b.h5' && targetShape !== null)).toEqual([])
  const training = await v.cli(...TRAIN, '--study', 's', '--json')
  if (training.exit !== 0) {
    const { error } = JSON.parse(training.out)
    v.say('a training without validation works, or is refused in words', `${error.code}: ${error.message}`)
    expect(error.code).not.toBeNull()
    expect(error.message).not.toMatch(/Expected an image of/)
    expect(training.err).not.toMatch(/epoch 1/)
  }
})

variant('K5-element-types/truth_uint16_in_validation', async v => {
  await v.json('import', 'train', 'val', '--name', 's')
  const run = await v.json<RunRow>(...TRAIN, '--study', 's')
  v.say('finished', run.status)
  expect(run.status).toBe('finished')
  const right = further['K5-element-types/truth_uint16_in_validation']
  v.equal(right, metricsOf((await score(v, 'val/b.h5')).evaluation.volumes[0]))
  const { mean } = (await score(v, 'val/b.h5', '--run', run.id)).evaluation
  v.equal(metricsOf(mean!), metricsOf(run.metrics as Metrics), 'validation')
})

variant('K6-not-finite/inf_in_the_scanned_slice', v =>
  leftOut(v, {
    file: 'inf_middle.h5',
    faults: [{ slice: 2, dataset: 'kspace', fault: 'not finite' }],
    right: { slices: 4, ...further['K6-not-finite/inf_in_the_scanned_slice'] },
    why: /finite|infinit|NaN/i,
  }),
)

variant('K6-not-finite/nan_in_truth_leave_it_out', async v => {
  const { evaluation } = await score(v, 'nan_truth.h5', '--slices', '1-2')
  const [volume] = evaluation.volumes
  v.equal({ slices: 2, ...numbers(v) }, { slices: volume.slices, ...metricsOf(volume) }, '--slices 1-2')
  // Without --slices, the program itself leaves the slice out, and names the slice.
  await leftOut(v, {
    file: 'nan_truth.h5',
    faults: [{ slice: 2, dataset: 'reconstruction_esc', fault: 'not finite' }],
    right: { slices: 2, ...numbers(v) },
    why: /finite|infinit|NaN/i,
  })
})

for (const name of ['bitshuffle', 'blosc', 'zstd'])
  variant(`K7-compression/${name}`, async v => {
    const file = `${name}.h5`
    const { exit } = await v.cli('import', file, '--name', 'probe', '--json')
    if (exit !== 0) {
      const refusal = { code: 'UNSUPPORTED_FORMAT', names: file, remedy: /h5repack/ } as const
      expect(await v.refused(['import', file, '--name', 'refused'], refusal)).not.toMatch(
        /damaged|can't open directory/,
      )
      await v.skipped(['evaluate', file], file, /blosc|zstd|bitshuffle|filter/i, /h5repack/)
      return
    }
    v.equal(further[`K7-compression/${name}`], metricsOf((await score(v, file)).evaluation.volumes[0]))
  })
