/** The findings of a reproduction in sentences. All numbers and verdicts are computed from the rows. */
import type { Gain, ReproductionReport, ReproductionRow } from '../contract/reproduction.ts'
import { foregroundFindings } from './classical.ts'
import { differenceCell, differences, formatInterval, gainName } from './gains.ts'
import { isMixed } from './kinds.ts'
import { baselineOf, type Group, groupsOf, type Line, lineName, linesOf, pairs, rowsInWords } from './lines.ts'
import { networkFindings } from './networks.ts'
import { count, formatDeviation, formatDifference, formatPercent, formatSsim } from './numbers.ts'
import { formatSpread, meanOf, spreadOf } from './statistics.ts'

/** A method should reach the baseline's SSIM within this share of the baseline's total time. */
const SHARE = 0.6

/** 'Demonstration of SimCLR' */
export const demoName = (method: string | null | undefined): string =>
  method ? `Demonstration of ${method}` : 'Demonstration'

/** What the reproduction was asked for. */
function requestSentence({ request, folds, rows, networks }: ReproductionReport): string {
  const patients = request.leaveOneOut
    ? `each of ${count(folds.length, 'patient')} left out in turn, another patient choosing the checkpoint`
    : 'the study’s own split'
  if (request.demo) {
    const { seed, channels } = request.demo
    const methods = rows.flatMap(({ kind, methodLabel }) => (kind === 'fine-tuned' ? [methodLabel] : []))
    return `${demoName(methods[0])}: seed ${seed}, ${channels} channels, ${patients}.`
  }
  const scale = request.scale === 'full' ? 'the original settings' : `${request.scale} scale`
  const classical = request.classical ? `, with ${count(request.classical.length, 'classical method')}` : ''
  const others = networks ? `, and ${networks.map(({ label }) => label).join(', ')}` : ''
  return `The rows of the original work at ${scale}${classical}${others}, ${count(request.seeds, 'seed')}, ${patients}.`
}

/** What was run, and whether all rows are there. */
export function statusSentences(report: ReproductionReport): string[] {
  const { device, createdAt, version, complete, failures } = report
  return [
    `${requestSentence(report)} ${device}, ${createdAt}.${version ? ` Written by Self-MRI ${version}.` : ''}`,
    ...(complete ? [] : ['INCOMPLETE: rows are missing, and means are over the rows that are there.']),
    ...(failures.length > 0 ? [`${count(failures.length, 'row')} failed; the reasons are listed.`] : []),
  ]
}

export const failureLines = ({ failures }: ReproductionReport): string[] =>
  failures.map(({ key, reason }) => `Failed: ${key}: ${reason}`)

const VERDICTS: readonly (readonly [Gain['verdict'], string])[] = [
  ['gain', 'Gain over the control at equal epochs'],
  ['loss', 'Loss against the control'],
  ['no difference shown', 'No difference shown'],
  ['too few to say', 'Too few to say'],
]

const gainSentence = (gain: Gain, report: ReproductionReport): string => {
  const { text, spread = '' } = differenceCell(gain)
  const interval = gain.interval ? `, 95 % interval ${formatInterval(gain.interval)}` : ''
  return `${gainName(gain, report)} (${[text, spread].join(' ').trim()}${interval}, ${count(gain.pairs, 'pair')})`
}

/** Methods by their verdict against the control at equal epochs. */
function gainFindings(report: ReproductionReport): string[] {
  const gains = report.gains.filter(({ against }) => against === 'control')
  if (gains.length === 0) return ['No gain over a control can be given: there is no pair of rows yet.']
  return VERDICTS.flatMap(([verdict, words]) => {
    const such = gains.filter(gain => gain.verdict === verdict).map(gain => gainSentence(gain, report))
    if (such.length === 0 && verdict !== 'gain' && verdict !== 'loss') return []
    return [`${words}: ${such.join('; ') || 'none'}.`]
  })
}

const bestSsim = ({ training }: ReproductionRow): number | null => {
  const all = training?.curve.flatMap(({ validation }) => (validation ? [validation.ssim] : [])) ?? []
  return all.length === 0 ? null : Math.max(...all)
}

/** When a line reached the baseline's best validation SSIM, over its pairs with the baseline. */
interface Reach {
  readonly pairs: number
  readonly inTime: number
  readonly words: string
}

/** Whether the times of the pair are of one kind of device, or were converted to one kind. */
const isTimed = ([, baseline]: readonly [ReproductionRow, ReproductionRow]) => baseline.totalSeconds > 0

/** How often a line reached that SSIM, after what share of the baseline's total time, and how much was missing. */
function reachOf(line: Line, group: Group): Reach | null {
  const compared = pairs(line, baselineOf(group)).filter(isTimed)
  if (compared.length === 0) return null
  const shares = compared.map(([row, baseline]) => row.toBaseline && row.toBaseline.seconds / baseline.totalSeconds)
  const inTime = shares.filter(share => share !== null && share <= SHARE)
  const late = shares.filter(share => share !== null && share > SHARE)
  const never = compared.filter(([row]) => !row.toBaseline)
  const gap = meanOf(
    never.map(([row, baseline]) => {
      const [best, bound] = [bestSsim(row), bestSsim(baseline)]
      return best === null || bound === null ? null : bound - best
    }),
  )
  const pretraining = meanOf(
    compared.map(([row, baseline]) => row.pretraining && row.pretraining.seconds.steps / baseline.totalSeconds),
  )
  const short = gap === null ? '' : `, ${formatDeviation(gap)} of validation SSIM short at its best, on average`
  const before = pretraining === null ? '' : `; pre-training alone takes ${formatPercent(pretraining)}`
  const parts = [
    ...(inTime.length > 0
      ? [`in time in ${inTime.length} of ${compared.length}, after ${formatPercent(meanOf(inTime))}`]
      : []),
    ...(late.length > 0 ? [`later in ${late.length}, after ${formatPercent(meanOf(late))}${before}`] : []),
    ...(never.length > 0 ? [`never in ${never.length} of ${compared.length}${short}`] : []),
  ]
  return { pairs: compared.length, inTime: inTime.length, words: parts.join('; ') }
}

interface Reached {
  readonly name: string
  readonly reach: Reach
}

/** Sorts lines by how many of their trainings reached the baseline's SSIM in time: all, some, none. */
function sorted(all: readonly Reached[]): string {
  const named = (some: readonly Reached[], counted = false) =>
    some.map(({ name, reach }) => (counted ? `${name} (${reach.inTime} of ${reach.pairs})` : name)).join('; ') || 'none'
  const always = all.filter(({ reach }) => reach.inTime === reach.pairs)
  const never = all.filter(({ reach }) => reach.inTime === 0)
  const some = all.filter(one => !always.includes(one) && !never.includes(one))
  return [
    `In every training: ${named(always)}.`,
    ...(some.length > 0 ? [`In some: ${named(some, true)}.`] : []),
    ...(never.length > 0 ? [`In none: ${named(never)}.`] : []),
  ].join(' ')
}

/** Names the trainings that the findings on times leave out. */
function leftOutOfTimes(groups: readonly Group[]): string[] {
  const lines = groups.flatMap(group =>
    linesOf(group, 'fine-tuned', 'control', 'baseline').flatMap(line => {
      const { length } = pairs(line, baselineOf(group)).filter(pair => !isTimed(pair))
      return length > 0 ? [rowsInWords(line, length, groups)] : []
    }),
  )
  if (lines.length === 0) return []
  return [
    'No finding on times includes these trainings, because their times and their baseline’s are of different kinds ' +
      `of device or kernels: ${lines.join('; ')}.`,
  ]
}

/** Which methods, and which of their controls, reach the baseline's SSIM in time. */
function timeFindings(report: ReproductionReport): string[] {
  const groups = groupsOf(report)
  const reaches = (kind: 'fine-tuned' | 'control'): Reached[] =>
    groups.flatMap(group =>
      linesOf(group, kind).flatMap(line => {
        const reach = reachOf(line, group)
        return reach ? [{ name: lineName(line, groups), reach }] : []
      }),
    )
  const [tuned, controls] = [reaches('fine-tuned'), reaches('control')]
  const leftOut = leftOutOfTimes(groups)
  if (tuned.length === 0) return ['No method can be compared with a baseline of its network yet.', ...leftOut]
  const bests = groups.flatMap(group => {
    const rows = baselineOf(group)?.rows.filter(row => !isMixed(row)) ?? []
    const share = meanOf(rows.map(row => row.toBaseline && row.toBaseline.seconds / row.totalSeconds))
    return share === null ? [] : [`${formatPercent(share)} (${group.name})`]
  })
  return [
    `The baseline’s best validation SSIM in at most ${formatPercent(SHARE)} of its total time, pre-training ` +
      `included. ${sorted(tuned)}`,
    ...tuned.map(({ name, reach }) => `${name}: ${reach.words}.`),
    ...(controls.length === 0 ? [] : [`The controls of these methods, without pre-training. ${sorted(controls)}`]),
    ...(bests.length === 0
      ? []
      : [`The baseline itself first has its best SSIM after ${bests.join(', ')} of its total time.`]),
    ...leftOut,
  ]
}

/** SSIM of fewer epochs from scratch. */
function scratchFindings(report: ReproductionReport): string[] {
  return groupsOf(report).flatMap(group => {
    const baseline = baselineOf(group)
    const epochs = meanOf(baseline?.rows.map(({ training }) => training?.epochs) ?? [])
    const ssim = (line: Line) => formatSpread(spreadOf(line.rows.map(row => row.metrics.ssim)), formatSsim)
    const parts = linesOf(group, 'baseline at')
      .sort((a, b) => (a.epoch ?? 0) - (b.epoch ?? 0))
      .map(line => {
        const less = meanOf(differences(line, baseline))
        const share = meanOf(pairs(line, baseline).map(([row, same]) => row.totalSeconds / same.totalSeconds))
        const beside =
          less === null
            ? ''
            : `, ${formatDifference(less)} of the baseline’s` +
              (share === null ? '' : `, in ${formatPercent(share)} of its time`)
        return `${line.epoch} epochs SSIM ${ssim(line)}${beside}`
      })
    if (parts.length === 0) return []
    const whole = baseline && epochs !== null ? `; the baseline, ${epochs.toFixed(0)} epochs, ${ssim(baseline)}` : ''
    return [`From scratch (${group.name}): ${parts.join('; ')}${whole}.`]
  })
}

export const conclusions = (report: ReproductionReport): string[] => [
  ...gainFindings(report),
  ...timeFindings(report),
  ...scratchFindings(report),
  ...foregroundFindings(report),
  ...networkFindings(report),
]
