/** All keys, on `?`. */
import { Modal } from '@mantine/core'
import { Fragment } from 'react'
import { FEATURE_KEYS, VIEWER_KEYS } from '../compare/keys.ts'
import style from './app.module.css'

const EVERYWHERE: readonly (readonly [string, string])[] = [
  ['Ctrl + K', 'open the command palette'],
  ['Alt + 1 … 5', 'open studies, runs, compare, reproductions, settings'],
  ['?', 'show this list'],
]

const FORM: readonly (readonly [string, string])[] = [['↑ ↓ in a number', 'raise or lower the first digit by one']]

const GROUPS = [
  { where: 'Everywhere', keys: EVERYWHERE },
  { where: 'Compare', keys: VIEWER_KEYS },
  { where: 'Feature maps', keys: FEATURE_KEYS },
  { where: 'Settings of a run', keys: FORM },
]

export function KeyList({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size={520}>
      <dl className={style.keys}>
        {GROUPS.map(({ where, keys: list }) => (
          <Fragment key={where}>
            <dt className={style.where}>{where}</dt>
            {list.map(([keys, does]) => (
              <Fragment key={keys}>
                <dt>{keys}</dt>
                <dd>{does}</dd>
              </Fragment>
            ))}
          </Fragment>
        ))}
      </dl>
    </Modal>
  )
}
