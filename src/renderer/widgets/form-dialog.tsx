/** A dialog with a form, and a button that does what the dialog is for. */
import { Button, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import style from './form-dialog.module.css'

interface Props {
  readonly title: string
  readonly opened: boolean
  readonly onClose: () => void
  /** Label of the button. */
  readonly action: string
  /** Whether the form is complete. */
  readonly ready?: boolean
  readonly onSubmit: () => void
  readonly size?: number
  readonly children: ReactNode
}

export function FormDialog({ title, opened, onClose, action, ready = true, onSubmit, size = 520, children }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={size}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {children}
        <div className={style.end}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!ready}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
