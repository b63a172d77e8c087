/** What every file format must do. A new format adds its golden files to `GOLDEN`. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { File, ready } from 'h5wasm/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { BESIDE_ENDINGS, VOLUME_ENDINGS } from '../../src/contract/file-endings.ts'
import { fileOfVolume } from '../../src/contract/volume-path.ts'
import { BESIDE, EXTENSIONS, type FORMATS } from '../../src/core/data/formats/index.ts'
import { evaluateVolume } from '../../src/core/evaluate.ts'
import { listVolume, openVolume } from '../../src/engine/files/volumes.ts'
import { compute } from '../engine.ts'
import { expectClose } from '../golden.ts'
import { kspaceOf } from '../kspace.ts'
import { npy } from '../npy.ts'

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url))

interface Golden {
  /** In test/fixtures, with the part of the volume. */
  readonly file: string
  /** Files beside it that belong to the volume, by ending. */
  readonly beside?: readonly string[]
  /** An array of complex numbers in a .npy file of test/fixtures: k-space [slices, coils, rows, columns]. */
  readonly kspace: string
  /** Tolerance, as a share of the largest number. */
  readonly tolerance?: number
}

const GOLDEN: Readonly<Record<keyof typeof FORMATS, readonly Golden[]>> = {
  mrd: [{ file: 'mrd/cartesian.mrd', kspace: 'mrd/cartesian.kspace.npy', tolerance: 1e-6 }],
  fastmriH5: [{ file: 'formats/fastmri.h5', kspace: 'formats/npy.kspace.npy' }],
  bart: [
    { file: 'formats/bart.cfl', beside: ['.hdr'], kspace: 'formats/bart.kspace.npy' },
    { file: 'formats/bart-made.cfl', beside: ['.hdr'], kspace: 'formats/bart-made.kspace.npy' },
  ],
  numpy: [
    { file: 'formats/kspace-c8.npy', kspace: 'formats/npy.kspace.npy' },
    { file: 'formats/kspace-c16-fortran.npy', kspace: 'formats/npy.kspace.npy' },
    { file: 'formats/kspace-big-endian.npy', kspace: 'formats/npy.kspace.npy' },
    { file: 'formats/volume.npz', kspace: 'formats/npy.kspace.npy' },
  ],
  cmrxrecon: [{ file: 'formats/cine_sax.mat', kspace: 'formats/cine_sax.kspace.npy' }],
  calgary: [{ file: 'formats/calgary.h5', kspace: 'formats/calgary.centred.npy', tolerance: 1e-6 }],
}

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-formats-'))
  await ready
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The float32 numbers of a .npy file of version 1. */
function arrayIn(path: string): Float32Array {
  const bytes = readFileSync(join(fixtures, path))
  return new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer)
}

const openFiles = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)

async function kspaceIn(path: string): Promise<Float32Array> {
  const volume = await listVolume(path, '')
  const slices = Array.from({ length: volume.info.slices }, (_, slice) => volume.readKspace(slice))
  volume.dispose()
  return Float32Array.from(slices.flatMap(slice => [...slice]))
}

it('has the file name endings that the window and the command line name', () => {
  expect([...EXTENSIONS].sort()).toEqual([...VOLUME_ENDINGS].sort())
  expect(BESIDE.map(([ending]) => ending).sort()).toEqual([...BESIDE_ENDINGS].sort())
})

describe.each(Object.entries(GOLDEN))('the format %s', (_, samples) => {
  it.each(samples)('reads $file to the bit', async ({ file, kspace, tolerance = 0 }) => {
    const before = openFiles()
    expectClose(await kspaceIn(join(fixtures, file)), arrayIn(kspace), tolerance)
    expect(openFiles()).toBe(before)
  })

  it.each(samples)('refuses $file in words if it is cut at any percent', async ({ file, beside = [] }) => {
    const source = join(fixtures, fileOfVolume(file))
    const bytes = readFileSync(source)
    const cut = join(folder, `cut${extname(source)}`)
    for (const ending of beside)
      copyFileSync(source.slice(0, -extname(source).length) + ending, join(folder, `cut${ending}`))
    const before = openFiles()
    for (let percent = 0; percent < 100; percent++) {
      writeFileSync(cut, bytes.subarray(0, Math.floor((bytes.length * percent) / 100)))
      try {
        const { info, dispose } = await openVolume(cut, '')
        dispose()
        expect(info.content!.faults.length, `at ${percent} %`).toBeGreaterThan(0)
      } catch (error) {
        expect(error, `at ${percent} %`).toBeInstanceOf(AppError)
        expect((error as AppError).message, `at ${percent} %`).toContain(join(folder, 'cut'))
      }
    }
    expect(openFiles()).toBe(before)
  })
})

const SIZE = { slices: 2, coils: 3, rows: 40, columns: 36 }
const samples = SIZE.rows * SIZE.columns

/** [slices, coils, rows, columns, 2] */
const same = Float32Array.from(
  Array.from({ length: SIZE.slices * SIZE.coils }, (_, seed) => [
    ...kspaceOf({ rows: SIZE.rows, columns: SIZE.columns, seed, noise: 0.02 }),
  ]).flat(),
)
const bytesOf = ({ buffer }: Float32Array) => new Uint8Array(buffer)
/** The numbers with rows and columns swapped: the rows are the fastest. */
const swapped = same.map((_, i) => {
  const [plane, at] = [Math.floor(i / (2 * samples)), (i >> 1) % samples]
  const [column, row] = [Math.floor(at / SIZE.rows), at % SIZE.rows]
  return same[2 * (plane * samples + row * SIZE.columns + column) + (i & 1)]
})

/** Writes a complex dataset, in pairs of these names. */
function writeHdf5(
  path: string,
  name: string,
  shape: number[],
  values: Float32Array,
  [re, im]: [string, string],
): void {
  const part = (offset: number) => Float32Array.from({ length: values.length / 2 }, (_, i) => values[2 * i + offset])
  const file = new File(path, 'w')
  file.create_dataset({
    name,
    data: new Map([
      [re, part(0)],
      [im, part(1)],
    ]),
    shape,
    dtype: [
      [re, '<f'],
      [im, '<f'],
    ],
  })
  file.close()
}

const { slices, coils, rows, columns } = SIZE

/** Writes the same k-space in each format. */
const WRITERS: Readonly<Record<string, (path: string) => void>> = {
  'same.h5': path => writeHdf5(path, 'kspace', [slices, coils, rows, columns], same, ['r', 'i']),
  'same.mat': path => writeHdf5(path, 'kspace_full', [slices, coils, columns, rows], swapped, ['real', 'imag']),
  'same.npy': path => writeFileSync(path, npy("'<c8'", `(${slices}, ${coils}, ${rows}, ${columns})`, bytesOf(same))),
  'same.cfl': path => {
    writeFileSync(path, bytesOf(swapped))
    const dimensions = `${rows} ${columns} 1 ${coils} 1 1 1 1 1 1 1 1 1 ${slices} 1 1 `
    writeFileSync(path.replace('.cfl', '.hdr'), `# Dimensions\n${dimensions}\n`)
  },
}

it('gives the same images and scores from the same k-space in each format', async () => {
  const settings = {
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    maskDraws: null,
    maskSeed: 1,
    slices: { kind: 'all' },
    reference: 'ground truth',
  } as const
  const found = []
  for (const [name, write] of Object.entries(WRITERS)) {
    write(join(folder, name))
    const volume = await openVolume(join(folder, name), '')
    const images = Float32Array.from(Array.from({ length: slices }, (_, i) => [...volume.readTarget(i)!]).flat())
    const { ssim, psnr, nmse } = await evaluateVolume(volume, null, settings, compute(), async () => {})
    volume.dispose()
    found.push({ images, scores: [ssim, psnr, nmse], scan: volume.info.content!.scan })
  }
  for (const { images, scores, scan } of found) {
    expectClose(images, found[0].images, 1e-6)
    expectClose(scores, found[0].scores, 1e-6)
    expect(scan).toBe(found[0].scan)
  }
})

it.each<[string, () => void]>([
  [
    'huge.cfl',
    () => {
      writeFileSync(join(folder, 'huge.cfl'), new Uint8Array(64))
      writeFileSync(join(folder, 'huge.hdr'), '# Dimensions\n1000000 1000000 1 1\n')
    },
  ],
  ['huge.npy', () => writeFileSync(join(folder, 'huge.npy'), npy("'<c8'", '(1000000, 1000000)', new Uint8Array(64)))],
])('refuses %s, whose header declares 10¹² samples, before anything is allocated', async (name, write) => {
  write()
  const before = process.memoryUsage().arrayBuffers
  const refused = listVolume(join(folder, name), '')
  await expect(refused).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringMatching(new RegExp(`Expected 80{0,}.* bytes.*got .* bytes.*${basename(name)}`)),
  })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7)
})
