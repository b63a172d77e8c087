/** A file's name that loses its middle where there is no room: scans of one patient differ at the end. */
import { VisuallyHidden } from '@mantine/core'
import style from './file-name.module.css'

/** Characters before the extension that go last: '_004_CORPDFS_FBK'. */
const TAIL = 16

export function FileName({ name }: { name: string }) {
  const end = name.includes('.') ? name.lastIndexOf('.') : name.length
  const cut = end - TAIL
  if (cut < 4) return <span className="truncate">{name}</span>
  return (
    <>
      <VisuallyHidden>{name}</VisuallyHidden>
      <span className={style.name} aria-hidden>
        <span className={style.head}>{name.slice(0, cut)}</span>
        <span className={style.tail}>{name.slice(cut, end)}</span>
        <span className={style.extension}>{name.slice(end)}</span>
      </span>
    </>
  )
}
