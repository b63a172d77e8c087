/** One click from a pre-training, an import or any kept weights to a fine-tuning, its same-seed control beside. */
import { Button, Checkbox, Tooltip } from '@mantine/core'
import { useState } from 'react'
import type { RunView } from '../../contract/runs.ts'
import { fineTune } from '../app/run-actions.ts'
import style from './fine-tune.module.css'

export function FineTuneButton({ run }: { run: RunView }) {
  const [control, setControl] = useState(true)
  const [starting, setStarting] = useState(false)
  const ready = run.checkpoint !== null && (run.kind === 'pretrain' || run.kind === 'import')
  if (!ready) return null
  const start = async () => {
    setStarting(true)
    await fineTune(run, control)
    setStarting(false)
  }
  return (
    <div className={style.fineTune}>
      <Button variant="filled" loading={starting} onClick={start}>
        Fine-tune from this checkpoint
      </Button>
      <Tooltip
        label={
          'A control is the same fine-tuning with the same seed, without pre-training. The difference is the ' +
          'gain of pre-training.'
        }
      >
        <Checkbox label="with control" checked={control} onChange={event => setControl(event.currentTarget.checked)} />
      </Tooltip>
    </div>
  )
}
