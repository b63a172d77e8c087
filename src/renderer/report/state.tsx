/** A reproduction in a few words: the request and the progress. */
import type { Reproduction, ReproductionPart, ReproductionRequest } from '../../contract/reproduction.ts'
import { demoName } from '../../presentation/findings.ts'
import { count } from '../../presentation/numbers.ts'
import { clock } from '../app/progress.ts'
import { useCatalogue } from '../app/queries.ts'
import style from './state.module.css'

const SHAPE: Readonly<Record<Reproduction['status'], string>> = {
  running: '▶',
  finished: '✓',
  stopped: '■',
  failed: '✕',
}

export const StatusMark = ({ status }: { status: Reproduction['status'] }) => (
  <span className={style.mark} data-status={status} title={status} aria-hidden>
    {SHAPE[status]}
  </span>
)

/** 'demonstration, 2 seeds, left-out patients, 1 method', or 'Demonstration of SimCLR, seed 0, 16 channels' */
export function useRequestWords(request: ReproductionRequest): string {
  const { data: catalogue } = useCatalogue()
  const { scale, seeds, methods, classical, networks, leaveOneOut, headline, demo } = request
  if (demo) {
    const method = catalogue?.methods.find(({ id }) => id === methods?.[0])
    return `${demoName(method?.label)}, seed ${demo.seed}, ${demo.channels} channels`
  }
  return [
    scale,
    count(seeds, 'seed'),
    leaveOneOut && 'each patient left out',
    methods && count(methods.length, 'method'),
    classical && count(classical.length, 'classical method'),
    networks && count(networks.length, 'network'),
    headline && 'headline only',
  ]
    .filter(Boolean)
    .join(', ')
}

/** Finished without all planned trainings, because rows failed or the recipes changed. */
export const isIncomplete = ({ status, done, planned }: Reproduction): boolean =>
  status === 'finished' && done < planned

/** '15 trainings', with classical rows: '17 trainings and classical rows' */
export const plannedWords = ({ planned, request }: Reproduction): string =>
  request.classical ? `${planned} trainings and classical rows` : count(planned, 'training')

/** 'CG-SENSE, 5 %', or 'next: Baseline, U-Net-16'. The bottom line has the share of a training. */
export function onePartInWords({ label, run, share, waits }: ReproductionPart): string {
  if (waits) return `next: ${label}`
  return run !== null || share === null ? label : `${label}, ${Math.round(100 * share)} %`
}

/** ', 12:10 left' Nothing while no part goes on, because the wait is not known. */
export function leftInWords({ status, current, secondsLeft }: Reproduction): string {
  const goesOn = status === 'running' && current.some(({ waits }) => !waits)
  return goesOn && secondsLeft !== null ? `, ${clock(secondsLeft)} left` : ''
}

/** '4 of 15 trainings, 12:10 left' */
export function StateWords({ reproduction }: { reproduction: Reproduction }) {
  const { status, done, planned } = reproduction
  const far = `${done} of ${plannedWords(reproduction)}`
  if (status === 'running') return `${far}${leftInWords(reproduction)}`
  if (status === 'finished' && done >= planned) return `finished, ${plannedWords(reproduction)}`
  return `${status}, ${far}`
}
