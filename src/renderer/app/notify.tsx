/** Short messages: what was done (with its undo), what went wrong (to be copied). */
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { errorCode, errorText } from './client.ts'
import { CopyAction } from './copy-action.tsx'
import { withoutUpload } from './format.ts'

export function tellDone(message: string, undo?: () => void): void {
  const id = notifications.show({
    message: undo ? (
      <div className="notice">
        <span>{message}</span>
        <Button
          size="compact-xs"
          onClick={() => {
            notifications.hide(id)
            undo()
          }}
        >
          Undo
        </Button>
      </div>
    ) : (
      message
    ),
    color: 'accent',
    autoClose: undo ? 10_000 : 4000,
  })
}

export function tellError(error: unknown, what: string): void {
  if (errorCode(error) === 'CANCELLED' || (error instanceof DOMException && error.name === 'AbortError')) return
  const text = withoutUpload(errorText(error))
  notifications.show({
    title: what,
    message: (
      <div className="notice">
        <span className="selectable">{text}</span>
        <CopyAction value={`${what}: ${text}`} size="compact-xs" />
      </div>
    ),
    color: 'yellow',
    autoClose: false,
  })
}
