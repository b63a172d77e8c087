/** Scores of a volume by classical methods: one after another, and what is kept of them. */
import { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, it, vi } from 'vitest'
import type { StudyVolume } from '../../../src/contract/studies.ts'

const told: unknown[] = []
vi.mock('../../../src/renderer/app/notify.tsx', () => ({
  tellDone: () => {},
  tellError: (error: unknown) => told.push(error),
}))
interface Asked {
  readonly source: string
  readonly signal: AbortSignal
  readonly end: (result: unknown) => void
  readonly fail: (error: Error) => void
}
const asked: Asked[] = []
vi.mock('../../../src/renderer/app/client.ts', () => ({
  client: { score: (input: object, options: object) => Promise.resolve({ ...input, ...options }) },
  followWork: async (start: (options: object) => Promise<Asked>, signal: AbortSignal) => {
    const { source } = await start({ signal })
    return new Promise((end, fail) => {
      asked.push({ source, signal, end, fail })
      signal.addEventListener('abort', () => fail(signal.reason))
    })
  },
}))
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const { scoreVolume } = await import('../../../src/renderer/viewer/score.ts')
const { queries } = await import('../../../src/renderer/app/refresh.ts')
const { useWorks } = await import('../../../src/renderer/app/works.ts')

const volume = { id: 1, file: 'brain_07.h5' } as StudyVolume
const score = (source: string) => scoreVolume({ source, run: null }, volume, source)
const settled = () => new Promise(resolve => setTimeout(resolve, 5))
const states = () =>
  queries
    .current!.getQueryCache()
    .getAll()
    .map(({ state: { status, data } }) => ({ status, data }))

beforeEach(() => {
  queries.current = new QueryClient()
  asked.length = 0
  told.length = 0
})

it('begin when the score before has ended, and a cancelled score does not wait', async () => {
  const scores = ['sense', 'cg-sense', 'l1-wavelet'].map(score)
  await settled()
  expect(asked.map(({ source }) => source)).toEqual(['sense'])
  useWorks.getState().works[1].cancel()
  await scores[1]
  expect(told).toEqual([])
  asked[0].end({ score: {} })
  await settled()
  expect(asked.map(({ source }) => source)).toEqual(['sense', 'l1-wavelet'])
  asked[1].end({ score: {} })
  await Promise.all(scores)
  expect(states().map(({ status }) => status)).toEqual(['success', 'pending', 'success'])
})

it('keep that no metric applies, and why a score failed; a cancelled score leaves nothing', async () => {
  const [empty, failed, cancelled] = ['sense', 'cg-sense', 'l1-wavelet'].map(score)
  await settled()
  asked[0].end(null)
  await empty
  await settled()
  asked[1].fail(new Error('no memory'))
  await failed
  await settled()
  useWorks.getState().works[0].cancel()
  await cancelled
  expect(told).toEqual([new Error('no memory')])
  expect(states()).toEqual([
    { status: 'success', data: null },
    { status: 'error', data: undefined },
    { status: 'pending', data: undefined },
  ])
})
