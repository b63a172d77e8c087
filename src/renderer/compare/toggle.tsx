/** A button of the toolbar that is on or off. */
import { ActionIcon, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import style from './compare.module.css'

interface ToggleProps {
  readonly label: string
  readonly hint?: string
  readonly on: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}

export function Toggle({ label, hint, on, onClick, children }: ToggleProps) {
  return (
    <Tooltip label={hint ?? label}>
      <ActionIcon
        aria-label={label}
        aria-pressed={on}
        data-on={on || undefined}
        className={style.toggle}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
