/** Engines that were retired. */
import { expect, it } from 'vitest'
import type { Engine } from '../../../../src/engine/process/client.ts'
import { holdEngine } from '../../../../src/services/places/engine-holder.ts'

it('an engine that was retired is listed as long as it computes', async () => {
  let end = (_: unknown) => {}
  let isDead = false
  const engine = {
    pid: 41,
    get dead() {
      return isDead
    },
    call: () => new Promise(resolve => (end = resolve)),
    dispose: () => {
      isDead = true
    },
  } as unknown as Engine
  const holder = holdEngine()
  expect(holder.living).toEqual([])
  const training = holder.get(() => engine).call('version' as never, {} as never)
  holder.retire()
  expect(holder.current).toBeNull()
  expect(holder.living.map(({ pid }) => pid)).toEqual([41])
  end(null)
  await training
  expect(holder.living).toEqual([])
  expect(isDead).toBe(true)
})
