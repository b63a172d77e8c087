/** Classical images for panes: their facts and refusals, other images meanwhile, and cancellation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CLASSICAL_IDS, type ClassicalChoice } from '../../../../src/contract/classical.ts'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { classicalOf } from '../../../../src/core/classical.ts'
import { maskOf } from '../../../../src/core/data/patterns.ts'
import { makeEagerImaging } from '../../../../src/core/imaging.ts'
import { reconstructSlice } from '../../../../src/core/reconstruct.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { sha256 } from '../../../../src/engine/files/whole-files.ts'
import { plain } from '../../../../src/engine/native/arithmetic.ts'
import type { FrameRequest, Progress } from '../../../../src/engine/process/protocol.ts'
import { frame, metrics, overMasks } from '../../../../src/engine/viewing/frames.ts'
import { compute, useEngine } from '../../../engine.ts'
import { npy } from '../../../npy.ts'
import { writeCoils } from '../files/noise-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'classical-'))
afterAll(() => rmSync(folder, { recursive: true }))

const mask = { kind: 'random', acceleration: 2, centerFraction: 0.3 } as const
const usual = {
  salt: '',
  scored: true,
  seed: null,
  layer: '',
  channel: 0,
  cascade: null,
  coil: null,
  source: 'network',
} as const
const { signal } = new AbortController()
let path: string
let single: string

beforeAll(async () => {
  await useEngine()
  path = await writeCoils(folder, 'coils', { slices: 3, coils: 3, rows: 32, columns: 24 })
  single = await writeCoils(folder, 'single', { slices: 1, coils: 1, rows: 32, columns: 24 })
})

const choice = (classical: ClassicalChoice['classical'], config: ClassicalChoice['config'] = {}): ClassicalChoice => ({
  classical,
  config: { ...classicalOf({ classical, config }).config } as ClassicalChoice['config'],
})

const requestOf = (changes: Partial<FrameRequest> = {}): FrameRequest => ({
  ...{ path, slice: 1, mask, show: 'image', reconstructor: choice('cg-sense') },
  ...usual,
  ...changes,
})
const ask = (changes: Partial<FrameRequest> = {}) => frame(requestOf(changes), signal)

describe('a classical image', () => {
  it.each(CLASSICAL_IDS)(
    'by %s is the image of reconstructSlice, with metrics and the method of its maps',
    async id => {
      const progress: Progress[] = []
      const { image, meta } = await frame(requestOf({ reconstructor: choice(id) }), signal, each => progress.push(each))
      const volume = await openVolume(path, '')
      const pattern = maskOf(volume, mask)(1)
      const imaging = makeEagerImaging(compute())
      const expected = await reconstructSlice(volume, 1, pattern, classicalOf(choice(id)), imaging)
      volume.dispose()
      expect(image).toEqual(expected)
      expect(meta).toMatchObject({
        units: 'signal',
        show: 'image',
        note: expect.stringMatching(/^Coil maps: .* area /),
      })
      const [begin, end] = [progress[0], progress.at(-1)!]
      expect(begin).toMatchObject({ done: 0, total: end.total })
      expect(end).toMatchObject({ done: end.total, label: 'iterations' })
      expect(await metrics(requestOf({ reconstructor: choice(id) }), signal)).toMatchObject({
        ssim: expect.any(Number),
        foreground: { ssim: expect.any(Number), nmse: expect.any(Number) },
      })
    },
  )

  it('says how many coils are left after compression, and what share of the energy', async () => {
    const { meta } = await ask({ reconstructor: choice('sense', { virtualCoils: 2 }) })
    expect(meta.note).toMatch(/3 coils, compressed to 2 virtual coils with \d+\.\d\d % of the energy\.$/)
  })

  it('of one coil says that CG-SENSE gives the zero-filled image', async () => {
    const [{ image, meta }, zeroFilled] = [
      await ask({ path: single, slice: 0 }),
      await ask({ path: single, slice: 0, reconstructor: null }),
    ]
    expect(meta.note).toContain('With one coil, CG-SENSE is the zero-filled image again')
    const ratios = Array.from(image, (value, i) => value / zeroFilled.image[i])
    for (const ratio of ratios) expect(ratio).toBeCloseTo(1 / 1.01, 4) // λ is 0.01
  })

  it('cautions where the maps are not as wanted, or do not explain the data', async () => {
    const narrow = { kind: 'equispaced', acceleration: 4, centerFraction: 0.08 } as const
    const { meta } = await ask({ mask: narrow, reconstructor: choice('sense') })
    expect(meta.cautions).toEqual([expect.stringContaining('Walsh')])
    const noise = [expect.stringContaining('one set of maps does not explain the data')]
    for (const show of ['image', 'ssim', 'k-space', 'residual'] as const)
      expect((await ask({ show })).meta.cautions).toEqual(noise)
  })

  it('is shown as everything that is made of a magnitude, and the rest is refused before any iteration', async () => {
    for (const show of ['ssim', 'k-space', 'mask', 'residual'] as const)
      expect((await ask({ show })).meta.show).toBe(show)
    for (const [changes, message] of [
      [{ show: 'phase' }, 'Look at the zero-filled phase'],
      [{ show: 'feature' }, 'Choose a run'],
      [{ coil: 1 }, 'Choose all coils'],
    ] as const) {
      const progress: Progress[] = []
      const asked = frame(requestOf({ ...changes, slice: 2 }), signal, each => progress.push(each))
      await expect(asked).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
      expect(progress).toEqual([])
    }
  })

  it('whose maps cannot be computed is refused, with the remedy', async () => {
    const narrow = { kind: 'equispaced', acceleration: 4, centerFraction: 0.08 } as const
    await expect(ask({ mask: narrow, reconstructor: choice('sense', { maps: 'espirit' }) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/for ESPIRiT.* slice 2 of .*coils\.h5\. Choose .* a mask with a larger centre\.$/),
    })
  })

  it('over several masks has the progress of all of them', async () => {
    const progress: Progress[] = []
    const { mean } = await overMasks(
      requestOf({ reconstructor: choice('cg-sense', { iterations: 5 }) }),
      signal,
      each => progress.push(each),
    )
    expect(mean.meta.show).toBe('mean')
    expect(progress.at(-1)).toMatchObject({ done: 40, total: 40 })
  })
})

describe('a kept image', () => {
  it('needs its maps only for the facts of a picture, and has no progress', async () => {
    const reconstructor = choice('cg-sense', { iterations: 4 })
    const volume = await openVolume(path, '')
    const imaging = makeEagerImaging(compute())
    for (const seed of [null, ...Array(8).keys()]) {
      const pattern = maskOf(volume, mask, seed ?? undefined)(2)
      await reconstructSlice(volume, 2, pattern, classicalOf(reconstructor), imaging)
    }
    volume.dispose()
    const eigenvectors = vi.spyOn(plain.eigenvectors, 'ofSeries')
    const progress: Progress[] = []
    const request = requestOf({ slice: 2, reconstructor })
    const onProgress = (each: Progress) => progress.push(each)
    await metrics(request, signal, onProgress)
    await overMasks(request, signal, onProgress)
    expect(eigenvectors).not.toHaveBeenCalled()
    const { meta } = await frame(request, signal, onProgress)
    expect(meta.note).toMatch(/^Coil maps: .* area /)
    expect(eigenvectors).toHaveBeenCalled()
    expect(progress).toEqual([])
    eigenvectors.mockClear()
    expect((await frame(request, signal)).meta).toEqual(meta)
    await frame({ ...request, show: 'k-space' }, signal, onProgress)
    expect(eigenvectors).not.toHaveBeenCalled()
    eigenvectors.mockRestore()
  })

  it('in memory gets the facts that it lacks', async () => {
    const request = requestOf({ slice: 0, reconstructor: choice('cg-sense', { iterations: 3 }) })
    await metrics(request, signal)
    expect((await frame(request, signal)).meta.note).toMatch(/^Coil maps: .* area /)
  })
})

describe('what depends on the mask', () => {
  it('is refused before any iteration if there is one mask', async () => {
    const file = join(folder, 'mask.npy')
    const bytes = npy("'|u1'", '(24,)', new Uint8Array(24).fill(1))
    writeFileSync(file, bytes)
    const stored = MaskSpec.parse({ kind: 'file', file: { path: file, sha256: sha256(bytes) } })
    for (const [changes, message] of [
      [{ mask: stored }, 'Expected a mask that is drawn, got a mask file'],
      [{ coil: 1 }, 'Expected all coils over several masks, got coil 2'],
    ] as const) {
      const progress: Progress[] = []
      const request = requestOf({ ...changes, slice: 2 })
      await expect(overMasks(request, signal, each => progress.push(each))).rejects.toThrow(message)
      expect(progress).toEqual([])
    }
  })
})

describe('while a classical image iterates', () => {
  const long = () => requestOf({ slice: 0, reconstructor: choice('total-variation', { iterations: 1000 }) })

  it('other images come, and it ends at the next iteration after its cancellation', async () => {
    const leaving = new AbortController()
    const order: string[] = []
    const begun = Promise.withResolvers<void>()
    let last = 0
    const slow = frame(long(), leaving.signal, ({ done }) => {
      last = done
      if (done > 0) begun.resolve()
    })
    const left = slow.then(
      () => order.push('classical'),
      error => order.push(error.code),
    )
    await begun.promise
    await ask({ reconstructor: null }).then(() => order.push('zero-filled'))
    await ask({ slice: 2 }).then(() => order.push('another slice'))
    leaving.abort()
    await left
    expect(order).toEqual(['zero-filled', 'another slice', 'CANCELLED'])
    expect(last).toBeLessThan(1000)
  })

  it('a cancellation leaves nothing: the image is computed from the start', async () => {
    const leaving = new AbortController()
    const asked = frame(long(), leaving.signal, ({ done }) => done > 0 && leaving.abort())
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
    const again = new AbortController()
    const progress: number[] = []
    const next = frame(long(), again.signal, ({ done }) => {
      progress.push(done)
      if (done > 0) again.abort()
    })
    await expect(next).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(progress).toEqual([0, progress[1]])
  })
})
