import { beforeEach, describe, expect, it, vi } from 'vitest'

vi.mock('../../../src/renderer/app/notify.tsx', () => ({ tellDone: () => {} }))
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const view = await import('../../../src/renderer/viewer/view.ts')
const { useView } = view
const { compareBy, pickForPair } = await import('../../../src/renderer/viewer/pair.ts')
const { addShape, addShapes, changeShape, shapesOf } = await import('../../../src/renderer/viewer/shapes.ts')

const now = () => useView.getState()

beforeEach(() => {
  useView.setState(useView.getInitialState(), true)
  useView.setState({ study: 1, volume: 7, slice: 2 })
})

describe('the shared view of panes', () => {
  it('moves all panes until it is unlinked, and follows the focused pane after linking again', () => {
    view.goToSlice(3, 4, 0)
    expect([0, 5].map(pane => view.sliceOf(now(), pane))).toEqual([3, 3])
    view.toggleLink('slice')
    view.goToSlice(1, 4, 0)
    expect([0, 5].map(pane => view.sliceOf(now(), pane))).toEqual([1, 3])
    view.zoomAt(2, 0.5, 0.5, 0)
    expect(view.placeOf(now(), 5).zoom).toBe(2)
    useView.setState({ focus: 0 })
    view.toggleLink('slice')
    expect(view.sliceOf(now(), 5)).toBe(1)
  })

  it('keeps the image point under the pointer where it is', () => {
    view.zoomAt(3, 0.3, 0.6)
    const { zoom, x, y } = view.placeOf(now(), 0)
    // A point p is at the distance (p − centre) · zoom from the middle of the pane.
    expect((0.3 - x) * zoom).toBeCloseTo(0.3 - 0.5, 9)
    expect((0.6 - y) * zoom).toBeCloseTo(0.6 - 0.5, 9)
    view.zoomAt(1 / 100, 0, 0)
    expect(view.placeOf(now(), 0)).toEqual(view.FIT)
  })
})

describe('a layout', () => {
  it('and its panes belong to a study', () => {
    view.chooseLayout('2x2')
    view.changePane(1, { source: 'run:4', show: 'ssim' })
    expect(view.choicesOf(now())[1]).toEqual({ slot: 'pretrained', source: 'run:4', show: 'ssim' })
    view.openStudy(2)
    expect(view.layoutNameOf(now())).toBe('2x3')
    view.openStudy(1)
    expect(view.choicesOf(now())[1].source).toBe('run:4')
    view.resetPanes()
    expect(view.choicesOf(now())[1]).toEqual({ slot: 'pretrained', source: null, show: 'image' })
  })

  it('shows a run in the pane of its kind, else in the focused pane', () => {
    view.showSource('baseline', 'run:2')
    expect(now().focus).toBe(3)
    view.chooseLayout('1x2')
    view.showSource('baseline', 'run:2')
    expect(view.choicesOf(now())[now().focus].source).toBe('run:2')
  })
})

describe('a pair', () => {
  it('is chosen pane by pane, and choosing a pane again removes it', () => {
    pickForPair(4)
    pickForPair(4)
    expect(now()).toMatchObject({ picked: null, pair: null })
    pickForPair(0)
    pickForPair(4)
    expect(now().pair).toMatchObject({ mode: 'swipe', first: 0, second: 4 })
    compareBy('blink')
    expect(now().pair).toMatchObject({ mode: 'blink', first: 0, second: 4 })
    compareBy('blink')
    expect(now().pair).toBeNull()
  })

  it('is the focused pane and the ground truth if no pane was chosen', () => {
    compareBy('overlay')
    expect(now().pair).toMatchObject({ mode: 'overlay', first: 2, second: 4 })
  })
})

it('shapes belong to a volume, and each shape has its own number', () => {
  const first = addShape({ kind: 'line', from: { x: 0, y: 0 }, to: { x: 1, y: 1 } })
  changeShape(first, { to: { x: 0.5, y: 0.5 } })
  addShapes([{ kind: 'rectangle', from: { x: 0, y: 0 }, to: { x: 1, y: 1 }, label: 'a box', slice: 3 }])
  expect(shapesOf(now()).map(({ id, label }) => [id, label])).toEqual([
    ['1', 'Line 1'],
    ['2', 'a box'],
  ])
  expect(now().selected).toBe('1')
  useView.setState({ volume: 8 })
  expect(shapesOf(now())).toEqual([])
})
