/** Warnings beside a number or an image: seen in training, not measured, unknown training data. */
import { Tooltip } from '@mantine/core'
import { type Origin, originWords } from '../../contract/origin.ts'
import type { RunView } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import style from './badges.module.css'

type Tone = 'warning' | 'plain'

export function Badge({ text, why, tone = 'plain' }: { text: string; why: string; tone?: Tone }) {
  return (
    <Tooltip label={why}>
      <span className={style.badge} data-tone={tone}>
        {text}
      </span>
    </Tooltip>
  )
}

/** Whether the run, or one it came from, has seen the volume's patient. */
export function SeenBadge({ run, volume }: { run: RunView; volume: StudyVolume }) {
  if (run.trainedPatients.includes(volume.patient)) {
    return (
      <Badge
        tone="warning"
        text="in training"
        why={
          `Run ${run.id} or one of its parents was trained on this patient. ` +
          'Its result here does not show how well it images new patients.'
        }
      />
    )
  }
  if (run.validatedPatients.includes(volume.patient)) {
    return (
      <Badge text="validation" why={`The weights of run ${run.id} were chosen by their results on this patient.`} />
    )
  }
  if (run.unknownTraining) {
    return (
      <Badge
        tone="warning"
        text="training unknown"
        why="Imported checkpoint: the patients that it was trained on are unknown."
      />
    )
  }
  return null
}

/** Says that no scanner measured the k-space. Nothing for measured data. */
export function OriginBadge({ origin }: { origin: Origin }) {
  const words = originWords(origin)
  return words && <Badge tone="warning" text={words.badge} why={words.why} />
}
