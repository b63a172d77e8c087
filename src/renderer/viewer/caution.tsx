/** Over a pane's image: what may spoil the image. */
import { Tooltip } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import style from './caution.module.css'

export function Caution({ cautions }: { readonly cautions: readonly string[] }) {
  return (
    <Tooltip label={cautions.join(' ')} maw={420}>
      <button type="button" className={style.caution} aria-label={`Caution. ${cautions.join(' ')}`}>
        <IconAlertTriangle size={12} /> caution
      </button>
    </Tooltip>
  )
}
