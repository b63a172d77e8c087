/** Attributes of native operations. */
import type { OpAttribute } from '../graph/native.ts'
import type { NativeBackend } from '../kernels.ts'

export const numberAttribute = ({ binding }: NativeBackend, name: string, value: number): OpAttribute => ({
  name,
  type: binding.TF_ATTR_FLOAT,
  value,
})
