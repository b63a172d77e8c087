/** In the corner of a pane: which coil is shown, and the coils before and after. */
import { ActionIcon } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { coilAfter, type PaneCoil, stepCoil } from './coils.ts'
import style from './pane.module.css'

interface Props {
  readonly pane: PaneCoil
  readonly coils: number
}

export function CoilStepper({ pane, coils }: Props) {
  const { coil } = pane
  if (coil === undefined) return null
  const step = (by: number) => ({
    size: 'sm',
    disabled: coilAfter(pane, coils, by) === undefined,
    onClick: () => stepCoil(pane, coils, by),
  })
  return (
    <div className={style.coils}>
      <ActionIcon aria-label="Previous coil" {...step(-1)}>
        <IconChevronLeft size={14} />
      </ActionIcon>
      <output aria-label="Coil">{coil === null ? 'all coils' : `coil ${coil + 1} / ${coils}`}</output>
      <ActionIcon aria-label="Next coil" {...step(1)}>
        <IconChevronRight size={14} />
      </ActionIcon>
    </div>
  )
}
