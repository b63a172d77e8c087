/**
 * Faults for tests. Tests load this module into engine processes (`--import`), so Self-MRI itself holds no such code.
 * TEST_SLOW_WRITES: milliseconds that the write of a state takes.
 * TEST_HOLD: path of a file. While this file exists, a training waits before its milestone has its name.
 * TEST_FULL_DISK: path of a file. While this file exists, writes fail with ENOSPC.
 * TEST_OUT_OF_MEMORY: largest batch. Tensors of a larger batch fail with RESOURCE_EXHAUSTED.
 */
import { existsSync } from 'node:fs'
import promises from 'node:fs/promises'
import Module, { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import process from 'node:process'

const { TEST_SLOW_WRITES, TEST_HOLD, TEST_FULL_DISK, TEST_OUT_OF_MEMORY, SELF_MRI_BINDING } = process.env

/** Whether bytes begin as a state does. The file has no telling name before it is complete. */
const isState = bytes => Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 65_536)).includes(STATE)
const STATE = '"self-mri state'

const { open, rename } = promises
promises.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest)
  if (flags !== 'w') return file
  const writeFile = file.writeFile.bind(file)
  file.writeFile = async bytes => {
    if (TEST_FULL_DISK && existsSync(TEST_FULL_DISK))
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    if (!TEST_SLOW_WRITES || !isState(bytes)) return writeFile(bytes)
    const half = bytes.length >> 1
    await file.write(bytes.subarray(0, half))
    await new Promise(resolve => setTimeout(resolve, Number(TEST_SLOW_WRITES)))
    await file.write(bytes.subarray(half))
  }
  return file
}
promises.rename = async (from, to) => {
  while (TEST_HOLD && basename(to).startsWith('milestone-') && existsSync(TEST_HOLD))
    await new Promise(resolve => setTimeout(resolve, 20))
  return rename(from, to)
}
syncBuiltinESMExports()

if (TEST_OUT_OF_MEMORY && SELF_MRI_BINDING) {
  const load = Module._load
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest)
    if (request !== SELF_MRI_BINDING) return loaded
    return Object.create(loaded, {
      createTensor: {
        value(shape, ...more) {
          if (shape.length === 4 && shape[0] > Number(TEST_OUT_OF_MEMORY))
            throw new Error(`RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[${shape}]`)
          return loaded.createTensor(shape, ...more)
        },
      },
    })
  }
}
