/** All keys, on `?`. */
import { Modal } from '@mantine/core'
import { Fragment } from 'react'
import { VIEWER_KEYS } from '../compare/keys.ts'
import style from './app.module.css'

const EVERYWHERE: readonly (readonly [string, string])[] = [
  ['Ctrl + K', 'commands: screens, studies, volumes, runs'],
  ['Alt + 1 … 4', 'studies, runs, compare, settings'],
  ['?', 'this list'],
]

export function KeyList({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size={520}>
      <dl className={style.keys}>
        {[...EVERYWHERE, ...VIEWER_KEYS].map(([keys, does]) => (
          <Fragment key={keys}>
            <dt>{keys}</dt>
            <dd>{does}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  )
}
