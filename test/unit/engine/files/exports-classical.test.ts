/** Exports of classical methods name the method and all settings, wherever the format has a field for them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeDicom } from '../../../../src/engine/files/exports/dicom.ts'
import { loadDicom } from '../../../../src/engine/files/exports/dicom-library.ts'
import { writeHdf5 } from '../../../../src/engine/files/exports/hdf5.ts'
import { encodeNifti } from '../../../../src/engine/files/exports/nifti.ts'
import type { Reconstruction } from '../../../../src/engine/files/exports/reconstruction.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-classical-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const made: Reconstruction = {
  images: Float32Array.from({ length: 60 }, (_, i) => i * 7.3e-6),
  shape: [3, 4, 5],
  slice: null,
  info: { file: 'knee.h5', origin: 'measured', orientation: null, maximum: null },
  provenance: {
    run: 'cg-sense',
    checkpoint: null,
    classical: {
      classical: 'cg-sense',
      config: { iterations: 30, lambda: 0.01, maps: 'automatic', virtualCoils: 8 },
    },
    mask: 'random, acceleration 4, centre fraction 0.08, seed 3',
    units: 'signal',
  },
}
const WORDS = 'CG-SENSE (30 iterations, lambda 0.01, automatic maps, 8 virtual coils)'

it('in HDF5 as an attribute', async () => {
  const path = join(folder, 'made.h5')
  await writeHdf5(path, made)
  const file = await openHdf5(path)
  expect([file.attribute('run'), file.attribute('method')]).toEqual(['cg-sense', WORDS])
  file.dispose()
})

it('in NIfTI’s description, and with all settings in a comment before the images', () => {
  const bytes = Buffer.from(encodeNifti(made))
  const text = (from: number, length: number) =>
    bytes
      .subarray(from, from + length)
      .toString('latin1')
      .replace(/\0+$/, '')
  expect(text(148, 80)).toBe('derived, research use only; CG-SENSE')
  const size = bytes.readInt32LE(352)
  expect([bytes.readUInt8(348), size % 16, bytes.readInt32LE(356)]).toEqual([1, 0, 6])
  expect(text(360, size - 8)).toBe(`Reconstruction: ${WORDS}`)
  expect(bytes.readFloatLE(108)).toBe(352 + size)
  expect(new Float32Array(Uint8Array.from(bytes.subarray(352 + size)).buffer)).toEqual(made.images)
})

it('in DICOM’s descriptions', async () => {
  const [{ bytes }] = await encodeDicom(made)
  const { data } = await loadDicom()
  const { dict } = data.DicomMessage.readFile(Uint8Array.from(bytes).buffer)
  const read = data.DicomMetaDictionary.naturalizeDataset(dict)
  expect(read.SeriesDescription).toBe('Self-MRI CG-SENSE, research only')
  expect(read.DerivationDescription).toContain(`Reconstruction: ${WORDS}. Mask: random`)
  expect(read.ImageComments).toContain(WORDS)
})
