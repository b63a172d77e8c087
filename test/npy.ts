/** A NumPy file (.npy) with a header as Python writes it, such as `npy("'|u1'", '(1, 24)', bytes)`. */
export function npy(descr: string, shape: string, body: Uint8Array, { version = 1, fortran = false } = {}): Uint8Array {
  const header = `{'descr': ${descr}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }\n`
  const bytes = Buffer.alloc((version === 1 ? 10 : 12) + header.length)
  bytes.write('\x93NUMPY', 'latin1')
  bytes[6] = version
  if (version === 1) bytes.writeUInt16LE(header.length, 8)
  else bytes.writeUInt32LE(header.length, 8)
  bytes.write(header, version === 1 ? 10 : 12)
  return Buffer.concat([bytes, body])
}
