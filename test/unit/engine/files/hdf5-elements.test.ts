import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isComplex, isReal } from '../../../../src/core/data/hdf5.ts'
import { openHdf5 } from '../../../../src/engine/files/hdf5.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { copy } from '../../../volumes.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
const readRight = (name: string): Record<string, number[]> => JSON.parse(readFileSync(fixture(name), 'utf8'))

describe.each(['old', 'new'])('element types under the %s object headers', version => {
  const path = fixture(`element-types/${version}.h5`)
  const right = readRight('element-types/right.json')

  it('reads every listed type, byte order and layout as the numbers that NumPy wrote', async () => {
    const file = await openHdf5(path)
    const names = Object.keys(right)
    expect(names.length).toBeGreaterThan(50)
    for (const name of names) {
      const isPair = right[name].length === 2 * 24
      expect(isPair ? isComplex(file.kind(name)) : isReal(file.kind(name)), name).toBe(true)
      expect(file.withFloat32(name, 0, 2, copy), name).toEqual(Float32Array.from(right[name]))
      expect(file.withFloat32(name, 1, 1, copy), name).toEqual(
        Float32Array.from(right[name].slice(right[name].length / 2)),
      )
      if (!isPair) expect(Array.from(file.readNumbers(name)), name).toEqual(right[name])
    }
    file.dispose()
  })

  it('opens a volume of half floats with a ground truth of 16-bit integers', async () => {
    const volume = await openVolume(path, 'salt')
    expect(volume.info).toMatchObject({ slices: 2, rows: 3, columns: 4, targetShape: [3, 4] })
    expect(volume.readKspace(1)).toEqual(Float32Array.from(right['complex f2<'].slice(24)))
    expect(volume.readTarget(1)).toEqual(Float32Array.from(right['u2<'].slice(12)))
    volume.dispose()
  })

  it.each([
    ['80-bit', '128-bit floats'],
    ['complex 80-bit', 'complex numbers of 128-bit floats'],
    ['bfloat16', '16-bit floats of an unusual layout'],
    ['complex bfloat16', 'complex numbers of 16-bit floats of an unusual layout'],
    ['12-bit', '16-bit integers of an unusual layout'],
    ['complex 12-bit', 'complex numbers of 16-bit integers of an unusual layout'],
    ['x y', 'compounds (x, y)'],
    ['unequal', 'compounds (r, i)'],
    ['three', 'compounds (r, i, w)'],
    ['array', 'arrays'],
    ['opaque', 'opaque bytes'],
    ['variable', 'sequences of variable length'],
    ['references', 'references'],
    ['text', 'text'],
  ])('refuses %s by name, before and while reading', async (name, words) => {
    const file = await openHdf5(path)
    expect([isComplex(file.kind(name)), isReal(file.kind(name))]).toEqual([false, false])
    expect(file.typeName(name)).toBe(words)
    const refusal = expect.objectContaining({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining(`Expected numbers in ${name}, got ${words}, in ${path}`),
    })
    expect(() => file.readNumbers(name)).toThrow(refusal)
    expect(() => file.withFloat32(name, 0, 1, copy)).toThrow(refusal)
    file.dispose()
  })

  it('reads booleans as 0 and 1, and refuses them as an image', async () => {
    const file = await openHdf5(path)
    expect(file.kind('boolean')).toBe('boolean')
    expect(isReal('boolean')).toBe(false)
    expect(Array.from(file.readNumbers('boolean'))).toEqual(right['f4<'].map(value => Number(value > 0)))
    file.dispose()
  })

  it.each([
    ['null', 'got an empty dataset (null)'],
    ['group', 'got a group'],
    ['type', 'got a datatype'],
    ['lost link', 'got a link to /gone, which is missing'],
    ['lost file', 'got a link to /kspace in gone.h5, which is missing or cannot be read'],
  ])('says what %s is in place of a dataset', async (name, words) => {
    const file = await openHdf5(path)
    expect(() => file.shape(name)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringContaining(words) }),
    )
    expect(() => file.shape(name)).toThrow(path)
    expect(file.readText(name)).toBeNull()
    file.dispose()
  })

  it.each(['', ' bytes', ' fixed', ' one', ' void', ' uint8'])('reads a text stored as header%s', async form => {
    const file = await openHdf5(path)
    expect(file.readText(`header${form}`)).toBe('<ismrmrdHeader>ü</ismrmrdHeader>')
    expect(file.readText('f4<')).toBeNull()
    file.dispose()
  })

  it('refuses pairs as numbers of a mask', async () => {
    const file = await openHdf5(path)
    expect(() => file.readNumbers('complex f4<')).toThrow(/Expected real numbers in complex f4<, got complex numbers/)
    file.dispose()
  })

  it('reads attributes of every type that is a number or text', async () => {
    const file = await openHdf5(path)
    const values = ['half', 'big_endian', 'one', 'several', 'text', 'none', 'complex', '80-bit'].map(name =>
      file.attribute(name),
    )
    expect(values).toEqual([1.5, 2.5, 3.5, 'a, b', 'a\xff', null, null, null])
    expect(file.attribute('long')).toBe(String(2n ** 60n + 1n)) // A number would be rounded.
    file.dispose()
  })
})

it('names the external file of a dataset', async () => {
  const path = fixture('element-types/elsewhere.h5')
  const file = await openHdf5(path)
  expect(() => file.kind('kspace')).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringMatching(
        /keeps them in gone\.raw, in .*elsewhere\.h5\. .*h5repack -l CONTI 'elsewhere\.h5'/,
      ),
    }),
  )
  file.dispose()
})
