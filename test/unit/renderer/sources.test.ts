/** Requests of panes to the host. */
import { expect, it, vi } from 'vitest'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import type { RunView } from '../../../src/contract/runs.ts'
import { whole } from '../../studies.ts'
import { noiseVolume } from '../../volumes.ts'

vi.mock('../../../src/renderer/app/notify.tsx', () => ({ tellDone: () => {} }))
vi.mock('../../../src/renderer/app/client.ts', () => ({ client: {} }))
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const { useView } = await import('../../../src/renderer/viewer/view.ts')
const { sourceLabel, urlOf } = await import('../../../src/renderer/viewer/sources.ts')

it('an image’s address depends on the volume’s content and the run’s weights, so no old image is shown', () => {
  const { info } = noiseVolume('a')
  const taken = { ...whole(info), id: 7, role: 'test' } as const
  const changed = { ...taken, content: { ...taken.content, identity: `other ${taken.content.identity}` } }
  const run = { checkpoint: { path: '', sha256: 'a'.repeat(64) } } as RunView
  const trained = { checkpoint: { path: '', sha256: 'b'.repeat(64) } } as RunView
  const view = { ...useView.getInitialState(), slice: 0, mask: MaskSpec.parse({}) }
  const panes = [
    ['truth', null],
    ['zero-filled', null],
    ['run:1', run],
    ['run:1', trained],
  ] as const
  const urls = [taken, changed].flatMap(volume =>
    panes.map(([source, of]) =>
      urlOf(view, { pane: 0, source, run: of, show: 'image', layer: '', channel: 0 } as never, volume),
    ),
  )
  expect(new Set(urls).size).toBe(urls.length)
  expect(urls).not.toContain(null)
})

it('a classical source has the name of its settings, and hidden settings have their number', () => {
  const soft = { id: 3, classical: 'cg-sense', name: 'Soft', config: {}, tuning: null, createdAt: '' } as const
  const names = ['cg-sense', 'cg-sense:3', 'cg-sense:9'].map(source => sourceLabel(source, { runs: [], named: [soft] }))
  expect(names).toEqual(['CG-SENSE', 'CG-SENSE, Soft', 'CG-SENSE, settings 9'])
})
