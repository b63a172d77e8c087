/** K8 and K9: lengths and windows of exported files, read from their bytes and by other programs. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { gunzipSync } from 'node:zlib'
import { expect, vi } from 'vitest'
import { missingProgram } from '../programs.ts'
import { missingReaders, readFolder } from '../readers/index.ts'
import { type Variant, variant } from './variant.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Reconstructs one file, and gives the path of the output. */
async function written(v: Variant, file: string, ...options: string[]): Promise<string> {
  const { volumes } = await v.json<{ volumes: { output: string }[] }>('reconstruct', file, ...options)
  return volumes[0].output
}

async function firstDicom(v: Variant, file: string, ...options: string[]): Promise<string> {
  const folder = await written(v, file, '--format', 'dicom', '--out', 'dicom', ...options)
  return join(
    folder,
    readdirSync(folder)
      .sort()
      .find(name => name.endsWith('.dcm'))!,
  )
}

/** The value of the first such element in a file of explicit little-endian DICOM, or `null`. */
function element(bytes: Buffer, group: number, number: number): Buffer | null {
  const tag = Buffer.alloc(4)
  tag.writeUInt16LE(group, 0)
  tag.writeUInt16LE(number, 2)
  for (let at = bytes.indexOf(tag, 132); at >= 0; at = bytes.indexOf(tag, at + 1)) {
    const vr = bytes.toString('latin1', at + 4, at + 6)
    if (/^(DS|CS|US|LO|IS)$/.test(vr)) return bytes.subarray(at + 8, at + 8 + bytes.readUInt16LE(at + 6))
    if (/^O[WB]$/.test(vr)) return bytes.subarray(at + 12, at + 12 + bytes.readUInt32LE(at + 8))
  }
  return null
}

const textOf = (bytes: Buffer, group: number, number: number) =>
  element(bytes, group, number)
    ?.toString('latin1')
    .replace(/[\0 ]+$/, '') ?? null

const numbersOf = (bytes: Buffer, group: number, number: number) =>
  textOf(bytes, group, number)?.split('\\').map(Number) ?? []

/** @returns [down, right] in mm */
const pixelSpacing = (path: string) => numbersOf(readFileSync(path), 0x0028, 0x0030)

variant('K8-pixel-size/interpolated_one_way', async v => {
  const [down, right] = pixelSpacing(await firstDicom(v, 'one_way.h5'))
  v.equal({ down: 3, right: 3 }, { down, right }, 'PixelSpacing')
})

variant('K8-pixel-size/narrow', async v => {
  const [down, right] = pixelSpacing(await firstDicom(v, 'narrow.h5'))
  v.equal({ down: 2, right: 96 / 36 }, { down, right }, 'PixelSpacing')
})

variant('K8-pixel-size/nifti_says_nothing', async v => {
  const MILLIMETRES = 2
  const header = gunzipSync(
    readFileSync(await written(v, 'aniso.h5', '--run', 'truth', '--format', 'nifti', '--out', 'nifti')),
  )
  const found = { i: header.readFloatLE(80), j: header.readFloatLE(84), unit: header.readUInt8(123) & 7 }
  v.equal({ i: 5, j: 2, unit: MILLIMETRES }, found, 'pixdim')
  const [down, right] = pixelSpacing(await firstDicom(v, 'aniso.h5', '--run', 'truth'))
  v.equal({ down: 2, right: 5 }, { down, right }, 'PixelSpacing')
})

/** Whether another program is installed. With `SELF_MRI_ALL_PROGRAMS`, a missing program fails the test. */
function isThere(v: Variant, missing: string | null): boolean {
  if (missing === null) return true
  v.say('read by another program', `not tried: ${missing}`)
  expect(process.env.SELF_MRI_ALL_PROGRAMS, missing).toBeFalsy()
  return false
}

function validated(v: Variant, path: string): void {
  if (!isThere(v, missingProgram('dciodvfy', 'dicom3tools'))) return
  const { stdout, stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' })
  const said = `${stdout}${stderr}`
  expect(said).toMatch(/SCImage|MRImage/) // dciodvfy recognised the kind of image.
  const errors = said.split('\n').filter(line => /^Error|WindowWidth/.test(line))
  v.say('dciodvfy: no error', errors.join('; ') || 'no error')
  expect(errors).toEqual([])
}

/** pydicom applies the window, with the file's VOI LUT function and with LINEAR. The image must have many greys. */
async function pydicomShows(v: Variant, path: string): Promise<void> {
  if (!isThere(v, missingReaders)) return
  const read = (await readFolder(dirname(path)))[basename(path)] as Record<'shown' | 'shownLinear', number[]>
  for (const how of ['shown', 'shownLinear'] as const) {
    const greys = new Set(read[how]).size
    v.say(`pydicom, ${how}: more than 64 greys`, greys)
    expect(greys).toBeGreaterThan(64)
  }
}

/** The function LINEAR of DICOM PS3.3 C.11.2.1.2.1, from 0 to 1. */
function linear(value: number, centre: number, width: number): number {
  const x = (value - (centre - 0.5)) / (width - 1) + 0.5
  return Math.min(Math.max(x, 0), 1)
}

/** A viewer that supports only the function LINEAR must show an image with many greys. */
function showsImage(v: Variant, path: string): void {
  const bytes = readFileSync(path)
  const [[centre], [width]] = [numbersOf(bytes, 0x0028, 0x1050), numbersOf(bytes, 0x0028, 0x1051)]
  const [[intercept], [slope]] = [numbersOf(bytes, 0x0028, 0x1052), numbersOf(bytes, 0x0028, 0x1053)]
  const voi = textOf(bytes, 0x0028, 0x1056) ?? 'LINEAR'
  const pixels = element(bytes, 0x7fe0, 0x0010)!
  const shown = Array.from({ length: pixels.length / 2 }, (_, i) =>
    Math.round(255 * linear(pixels.readUInt16LE(2 * i) * slope + intercept, centre, width)),
  )
  const greys = new Set(shown).size
  v.say('window of LINEAR, at least 1 wide, more than 64 greys', `${voi}, ${width} wide, ${greys} greys`)
  if (voi === 'LINEAR') expect(width).toBeGreaterThanOrEqual(1)
  expect(greys).toBeGreaterThan(64)
}

for (const [id, file] of [
  ['dciodvfy', 'large.h5'],
  ['window_below_1', 'fastmri_scale.h5'],
])
  variant(`K9-dicom/${id}`, async v => {
    const path = await firstDicom(v, file, '--run', 'truth')
    showsImage(v, path)
    validated(v, path)
    await pydicomShows(v, path)
  })
