import { describe, expect, it } from 'vitest'
import { readNpy } from '../../../../src/core/data/npy.ts'
import { npy } from '../../../npy.ts'

function body(write: (view: DataView) => void, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes))
  write(view)
  return new Uint8Array(view.buffer)
}

const valuesOf = (bytes: Uint8Array) => {
  const { shape, at } = readNpy(bytes, '/m.npy')
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => at(i))
}

describe('readNpy', () => {
  it.each<[string, Uint8Array, number[]]>([
    ["'|b1'", Uint8Array.of(1, 0, 1), [1, 0, 1]],
    ["'|u1'", Uint8Array.of(255, 0, 1), [255, 0, 1]],
    ["'|i1'", Uint8Array.of(255, 0, 1), [-1, 0, 1]],
    ["'<i2'", Uint8Array.of(0, 1, 0, 0, 1, 0), [256, 0, 1]],
    ["'>i2'", Uint8Array.of(0, 1, 0, 0, 1, 0), [1, 0, 256]],
    ["'<u4'", body(view => view.setUint32(4, 7, true), 12), [0, 7, 0]],
    ["'<i8'", body(view => view.setBigInt64(16, -3n, true), 24), [0, 0, -3]],
    ["'>u8'", body(view => view.setBigUint64(0, 5n), 24), [5, 0, 0]],
    ["'<f2'", Uint8Array.of(0, 0x3c, 0, 0x80, 1, 0), [1, -0, 2 ** -24]],
    ["'<f4'", body(view => view.setFloat32(4, 0.5, true), 12), [0, 0.5, 0]],
    ["'>f8'", body(view => view.setFloat64(8, -2.5), 24), [0, -2.5, 0]],
    ["'<c8'", body(view => view.setFloat32(12, -3, true), 24), [0, 3, 0]],
    ["'<c16'", body(view => view.setFloat64(0, 2, true), 48), [2, 0, 0]],
  ])('reads %s', (descr, bytes, expected) => {
    expect(valuesOf(npy(descr, '(3,)', bytes))).toEqual(expected)
  })

  it.each([1, 2, 3])('reads version %i', version => {
    expect(valuesOf(npy("'|u1'", '(2,)', Uint8Array.of(0, 1), { version }))).toEqual([0, 1])
  })

  it('reads Fortran order as C order, at any place in memory', () => {
    const bytes = npy("'|u1'", '(2, 3)', Uint8Array.of(1, 4, 2, 5, 3, 6), { fortran: true })
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    expect(valuesOf(moved.subarray(3))).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('reads Fortran order of three axes', () => {
    const places = Array.from({ length: 24 }, (_, i) => Math.floor(i / 12) + 2 * (Math.floor(i / 4) % 3) + 6 * (i % 4))
    const stored = Uint8Array.from({ length: 24 }, (_, place) => places.indexOf(place))
    expect(valuesOf(npy("'|u1'", '(2, 3, 4)', stored, { fortran: true }))).toEqual([...Array(24).keys()])
  })

  it.each<[string, Uint8Array, string]>([
    ['a zip', Buffer.from('PK\x03\x04 and more'), 'got a zip of arrays (.npz), in /m.npy. Write the mask alone'],
    ['another file', Buffer.from('\x89HDF\r\n\x1a\n'), 'Expected a NumPy file (.npy), got another kind of file'],
    ['an empty file', new Uint8Array(), 'got another kind of file'],
    ['a magic text alone', Buffer.from('\x93NUMPY', 'latin1'), 'version 1, 2 or 3'],
    ['Python objects', npy("'|O'", '(1,)', new Uint8Array(8)), 'Expected numbers or booleans, got O'],
    ['text', npy("'<U1'", '(1,)', new Uint8Array(4)), 'got U1'],
    ['fields', npy("[('r', '<f4'), ('i', '<f4')]", '(1,)', new Uint8Array(8)), 'got a type with several fields'],
    ['too few numbers', npy("'<f4'", '(2, 2)', new Uint8Array(12)), 'Expected 4 numbers [2, 2], got 12 bytes'],
    ['version 9', npy("'|u1'", '(1,)', new Uint8Array(1), { version: 9 }), 'got version 9'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes, '/m.npy')).toThrow(message)
    expect(() => readNpy(bytes, '/m.npy')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
  })
})
