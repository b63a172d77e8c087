import { expect, it } from 'vitest'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { TrainRequest } from '../../../../src/engine/process/protocol.ts'

it('an imported checkpoint cannot be trained', async () => {
  const request = { config: { kind: 'import' } } as TrainRequest
  const context = { signal: new AbortController().signal, emit() {}, pause: async () => {} }
  const training = handlers.train(request, context)
  await expect(training).rejects.toThrow('An imported checkpoint is not trained')
  await expect(training).rejects.not.toHaveProperty('code') // The error has no code, because only a bug can cause it.
})
