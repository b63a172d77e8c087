/** What speaks against a volume's being raw: a number of flags, which opens the statistics, and the study's notice. */
import { Button, Popover } from '@mantine/core'
import {
  type Crimes,
  FLAG_REMEDY,
  FLAG_WORDS,
  FLAGS,
  type Flag,
  flagsInWords,
  flagsOf,
  openFlags,
} from '../../contract/crimes.ts'
import type { StudyView, StudyVolume } from '../../contract/studies.ts'
import { count, NONE } from '../../presentation/numbers.ts'
import { acknowledgeFlags } from './actions.ts'
import style from './flags.module.css'
import page from './studies.module.css'

/** Why a volume has no statistics. */
const unexamined = ({ sampling, content }: StudyVolume): string => {
  if (sampling.kind !== 'full' && content) return 'Only fully sampled k-space is examined.'
  return 'Not examined yet: the file was read by an older version, or is not read to the end. “Scan again” reads it.'
}

export function Flags({ volume }: { volume: StudyVolume }) {
  const crimes = volume.content?.crimes
  if (!crimes) return <span title={unexamined(volume)}>{NONE}</span>
  const flags = flagsOf(crimes)
  const isOpen = openFlags(volume).length > 0
  return (
    <Popover position="bottom-end" withArrow withinPortal width={360}>
      <Popover.Target>
        <button
          type="button"
          className={style.flags}
          data-open={isOpen || undefined}
          aria-label={`${volume.file}: ${count(flags.length, 'flag')} against being raw. Show the statistics.`}
        >
          {flags.length}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Statistics crimes={crimes} flags={flags} coils={volume.coils} />
      </Popover.Dropdown>
    </Popover>
  )
}

function Statistics({ crimes, flags, coils }: { crimes: Crimes; flags: readonly Flag[]; coils: number }) {
  return (
    <div className={style.statistics}>
      <h3>Is this volume raw?</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">Statistic</th>
            <th scope="col">Here</th>
            <th scope="col">Raw data above</th>
          </tr>
        </thead>
        <tbody>
          {FLAGS.map(flag => (
            <tr key={flag} data-flagged={flags.includes(flag) || undefined}>
              <th scope="row">{FLAG_WORDS[flag].statistic}</th>
              <td>{crimes[flag]?.toFixed(3) ?? NONE}</td>
              <td>{FLAG_WORDS[flag].flaggedBelow}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {flags.map(flag => (
        <p key={flag}>
          <strong>{FLAG_WORDS[flag].label}</strong>
          {flag === 'gridResidual' && ` (${crimes.gridMaximum} levels)`}. {FLAG_WORDS[flag].meaning}
        </p>
      ))}
      <p className="secondary">
        {flags.length === 0 && 'No flag. This is no proof that the data are raw. '}
        Slice {crimes.slice + 1}
        {coils > 1 && `, coil ${crimes.coil + 1}, which has the most signal`}. Empty columns:{' '}
        {(100 * crimes.zeroColumns).toFixed(0)} %.
      </p>
    </div>
  )
}

/** The study's flags with their meaning, and a way to acknowledge them or to take that back. */
export function FlagsNotice({ study }: { study: StudyView }) {
  const words = flagsInWords(study.volumes)
  const acknowledged = study.volumes.filter(volume => volume.acknowledged).length
  if (words)
    return (
      <ul className={page.notice} aria-label="Flags against raw data">
        <li>
          {words} {FLAG_REMEDY}{' '}
          <Button size="compact-xs" onClick={() => acknowledgeFlags(study, true)}>
            Acknowledge flags
          </Button>
        </li>
      </ul>
    )
  if (acknowledged === 0) return null
  return (
    <p className={style.acknowledged}>
      Flags of {acknowledged} of {count(study.volumes.length, 'volume')} are acknowledged.{' '}
      <Button size="compact-xs" onClick={() => acknowledgeFlags(study, false)}>
        Show flags again
      </Button>
    </p>
  )
}
