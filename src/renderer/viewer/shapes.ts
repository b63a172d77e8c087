/** Regions and lines of the open volume: drawn, moved, removed, read from fastMRI+. */
import { tellDone } from '../app/notify.tsx'
import type { Shape } from './marks.ts'
import { useView } from './view.ts'

const NONE: readonly Shape[] = []

const keyOf = (volume: number | null) => String(volume)

export const shapesOf = ({
  shapes,
  volume,
}: {
  shapes: Readonly<Record<string, readonly Shape[]>>
  volume: number | null
}) => shapes[keyOf(volume)] ?? NONE

function setShapes(change: (shapes: readonly Shape[]) => readonly Shape[], volume = useView.getState().volume): void {
  useView.setState(({ shapes }) => ({ shapes: { ...shapes, [keyOf(volume)]: change(shapesOf({ shapes, volume })) } }))
}

const NAME = { rectangle: 'Rectangle', ellipse: 'Ellipse', line: 'Line' } as const

/** Its id; the new one is selected. */
export function addShape(shape: Pick<Shape, 'kind' | 'from' | 'to'>): string {
  const own = shapesOf(useView.getState())
  const numbers = own.map(({ id }) => Number(id))
  const id = String(Math.max(0, ...numbers) + 1)
  setShapes(shapes => [...shapes, { ...shape, id, label: `${NAME[shape.kind]} ${id}`, slice: null }])
  selectShape(id)
  return id
}

/** As many as a file has, none selected. */
export function addShapes(added: readonly Omit<Shape, 'id'>[]): void {
  setShapes(shapes => {
    const from = Math.max(0, ...shapes.map(({ id }) => Number(id)))
    return [...shapes, ...added.map((shape, i) => ({ ...shape, id: String(from + i + 1) }))]
  })
}

export function changeShape(id: string, changes: Partial<Shape>): void {
  setShapes(shapes => shapes.map(shape => (shape.id === id ? { ...shape, ...changes } : shape)))
}

export const selectShape = (selected: string | null) => useView.setState({ selected })

/** Can be undone. */
export function removeShape(id: string): void {
  const { volume } = useView.getState()
  const shape = shapesOf(useView.getState()).find(each => each.id === id)
  if (!shape) return
  setShapes(shapes => shapes.filter(each => each.id !== id))
  selectShape(null)
  tellDone(`${shape.label} was removed.`, () => setShapes(shapes => [...shapes, shape], volume))
}
