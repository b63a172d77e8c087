/** Requests of the window that must not wait. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '@orpc/server'
import { expect, it, vi } from 'vitest'
import { makeRouter } from '../../../../src/services/http/router.ts'
import { openServices } from '../../../../src/services/open.ts'

vi.mock('../../../../src/services/studies/demonstration.ts', () => ({ demonstrationStudy: async () => ({ id: 1 }) }))

it('a change of settings does not wait for the devices, because nvidia-smi may hang', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'self-mri-router-'))
  const services = openServices({ profile })
  const refill = vi.fn(() => new Promise<void>(() => {}))
  const queue = Object.assign(Object.create(services.queue), { refill })
  const router = makeRouter({ ...services, queue }, {} as never)
  expect(await call(router.app.settings.set, { autoResume: true })).toMatchObject({ autoResume: true })
  expect(refill).toHaveBeenCalledTimes(1)
  services.dispose()
  rmSync(profile, { recursive: true })
})
