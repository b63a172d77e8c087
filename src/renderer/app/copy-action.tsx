/** A button that copies a text, and then says "Copied" for a moment. */
import { Button, type ButtonProps, CopyButton } from '@mantine/core'

interface Props {
  readonly value: string
  readonly label?: string
  /** The accessible name, if the label does not say enough. */
  readonly name?: string
  readonly size?: ButtonProps['size']
}

export function CopyAction({ value, label = 'Copy', name, size }: Props) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button size={size} aria-label={copied ? undefined : name} onClick={copy}>
          {copied ? 'Copied' : label}
        </Button>
      )}
    </CopyButton>
  )
}
