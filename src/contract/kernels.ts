/** The kernels of a training: equal kernels give equal bits, and other kernels may give other last digits. */
import { z } from 'zod'

/** The steps that one kind of kernels took. */
const KernelSpan = z.object({
  /** `Device.kernels`. `null`: version 0.2 or earlier took these steps, and did not record its kernels. */
  name: z.string().nullable(),
  /** The epoch (from 1) of the first of these steps. */
  epoch: z.int(),
  /** Number of steps that were done before. */
  step: z.int(),
})
export type KernelSpan = z.infer<typeof KernelSpan>

/** The spans of a training, in order. States and summaries of version 0.2 or earlier have no spans. */
export const KernelSpans = z.array(KernelSpan).default([{ name: null, epoch: 1, step: 0 }])

/** Code of the note that a run goes on with other kernels. Its data is `from`, `to`, and the `epoch` and `step`. */
export const KERNELS_CHANGED = 'kernels-changed'

export const kernelsInWords = (name: string | null): string => name ?? 'kernels of version 0.2 or earlier'

/** 'TensorFlow, from epoch 4 on Self-MRI 1 (AVX2)' */
export const spansInWords = (spans: readonly KernelSpan[]): string =>
  spans.map(({ name, epoch }, i) => `${i > 0 ? `from epoch ${epoch} on ` : ''}${kernelsInWords(name)}`).join(', ')
