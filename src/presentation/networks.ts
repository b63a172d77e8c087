/** Networks of complex images and of k-space beside a U-Net of equal time and classical methods. */
import { originWords } from '../contract/origin.ts'
import type { Difference, Measure, NetworkGain, ReportNetwork, ReproductionReport } from '../contract/reproduction.ts'
import { leadingColumns, lineParts, lineRow, metricColumn, STEPS_TITLE, spreadCell } from './columns.ts'
import { differenceCell, formatInterval } from './gains.ts'
import { type Group, groupsOf, type Line, linesOf } from './lines.ts'
import { count, formatCount, formatDuration } from './numbers.ts'
import { protocolSentence } from './protocol.ts'
import { meanOf } from './statistics.ts'
import { type Cell, type Column, plain, type Table, tableOf } from './table.ts'

const NAMES: Readonly<Record<Measure, string>> = {
  ssim: 'SSIM',
  foregroundSsim: 'foreground SSIM',
  nmse: 'NMSE',
  foregroundNmse: 'foreground NMSE',
}

const capital = (words: string) => words[0].toUpperCase() + words.slice(1)

/** The foreground leads. */
const LEADING = ['foregroundSsim', 'foregroundNmse', 'ssim', 'nmse'] as const satisfies readonly Measure[]

const isOf =
  ({ network }: ReportNetwork) =>
  (group: Group) =>
    group.lines.some(line => line.network === network)

/** The rows of a network, and the U-Net of equal time, which is a line of the U-Net. */
function blockOf(groups: readonly Group[], network: ReportNetwork): Line[] {
  const own = groups.filter(isOf(network)).flatMap(group => linesOf(group, 'baseline', 'fine-tuned', 'control'))
  const equal = groups.flatMap(group => linesOf(group, 'U-Net of equal time'))
  const order = ({ kind }: Line) => ['baseline', 'fine-tuned', 'control'].indexOf(kind)
  const [baseline, ...others] = own.toSorted((a, b) => order(a) - order(b))
  const beside = equal.filter(({ equalTo }) => equalTo === network.network)
  return baseline?.kind === 'baseline' ? [baseline, ...beside, ...others] : [...beside, ...own]
}

/** Zero-filled, classical methods, and the U-Net whose epochs are the pace of the U-Nets of equal time. */
function besideNetworks(groups: readonly Group[]): Line[] {
  const unet = groups.find(group => linesOf(group, 'U-Net of equal time').length > 0)
  return [
    ...groups.flatMap(group => linesOf(group, 'zero-filled', 'classical')),
    ...(unet ? linesOf(unet, 'baseline').map(line => ({ ...line, label: `${unet.name}, baseline from scratch` })) : []),
  ]
}

const dataSentence = ({ origin }: ReproductionReport): string =>
  originWords(origin)?.source ?? 'Data: k-space as the files store it. The remarks say where the data comes from.'

/** Why a U-Net of equal time may have too many or too few epochs. */
function doubts(groups: readonly Group[]): string[] {
  const lines = groups.flatMap(group => linesOf(group, 'U-Net of equal time'))
  const told = (doubt: 'other kinds' | 'trainings beside', words: string) => {
    const such = lines.filter(({ rows }) => rows.some(({ paceDoubts }) => paceDoubts?.includes(doubt)))
    if (such.length === 0) return []
    return [`${such.map(({ label }) => label).join('; ')}: may have too many or too few epochs, because ${words}.`]
  }
  return [
    ...told('other kinds', 'the times were measured on different kinds of device'),
    ...told('trainings beside', 'other trainings ran on the machine meanwhile'),
  ]
}

const notesOf = (report: ReproductionReport, networks: readonly ReportNetwork[]): string[] => [
  `What each network takes: ${networks.map(({ label, takes }) => `${label}, ${takes}`).join('; ')}; ` +
    'U-Net, magnitude images.',
  dataSentence(report),
  'A U-Net of equal time has the recipe of the U-Net’s baseline, with as many epochs as fit into the time of the ' +
    'network’s baseline.',
  ...doubts(groupsOf(report)),
  ...networks.flatMap(({ refusals }) => refusals),
]

/** Each network, the U-Net of equal time, and the methods that pre-train the network. */
export function networkTable(report: ReproductionReport): Table | null {
  const { networks = [] } = report
  const groups = groupsOf(report)
  const protocol = protocolSentence(report.protocol)
  const foreground = (metric: 'ssim' | 'psnr' | 'nmse', short: string) =>
    metricColumn(metric, 'Foreground', protocol, row => row.metrics.foreground, `${short} foregr.`)
  const sections = networks.map(network => ({ name: network.label, items: blockOf(groups, network) }))
  if (sections.every(({ items }) => items.length === 0)) return null
  return tableOf<Line>({
    title: 'Networks of complex images and of k-space',
    head: 'Reconstruction',
    columns: [
      ...leadingColumns(report).map(column => ({ ...column, group: 'Whole image' })),
      foreground('ssim', 'SSIM'),
      foreground('psnr', 'PSNR'),
      foreground('nmse', 'NMSE'),
      plain('Epochs', 'Epochs that were trained with ground truth.', ({ rows }) =>
        formatCount(meanOf(rows.map(({ training }) => training?.epochs))),
      ),
      {
        ...plain<Line>('Total time', `Pre-training and training together. ${STEPS_TITLE}`, () => ''),
        cell: ({ rows }) =>
          spreadCell(
            rows.map(({ training, totalSeconds }) => (training ? totalSeconds : null)),
            formatDuration,
          ),
      },
    ],
    sections: [{ name: null, items: besideNetworks(groups) }, ...sections],
    row: lineRow(report),
    parts: lineParts(report),
    notes: notesOf(report, networks),
    protocol: [protocol],
  })
}

const verdictCell = (difference: Difference): Cell => {
  const { interval, verdict } = difference
  const notes = [...(interval ? [formatInterval(interval)] : []), verdict]
  return { ...differenceCell(difference), notes, emphasis: verdict === 'gain' || verdict === 'loss' ? verdict : 'weak' }
}

const AGAINST: Readonly<Record<NetworkGain['against'], string>> = {
  'U-Net of equal time': 'Baseline less the U-Net of equal time',
  classical: 'Baseline less the classical method',
  control: 'Pre-training and fine-tuning less the control',
  baseline: 'Pre-training and fine-tuning less the baseline',
}

function gainLabel({ label, method, methodLabel, patients, classical }: NetworkGain): string {
  const few = patients === null ? '' : `, ${count(patients, 'patient')}`
  return [label, classical, method && `${methodLabel}${few}`].filter(Boolean).join(', ')
}

const sectionsOf = ({ networkGains = [] }: ReproductionReport) =>
  Object.entries(AGAINST).map(([against, name]) => ({
    name,
    items: networkGains.filter(gain => gain.against === against),
  }))

/** The gains in foreground SSIM, as `networkGainTable` orders them. */
export const foregroundGains = (report: ReproductionReport) =>
  sectionsOf(report).map(({ name, items }) => ({
    name,
    dots: items.map(gain => {
      const { method, pairs, measures } = gain
      return { ...measures.foregroundSsim, name: gainLabel(gain), method, pairs }
    }),
  }))

/** The gains of the networks by each measure, each with its interval and its verdict. */
export function networkGainTable(report: ReproductionReport): Table | null {
  const protocol = protocolSentence(report.protocol)
  const column = (measure: Measure): Column<NetworkGain> => ({
    ...plain<NetworkGain>(capital(NAMES[measure]), `Difference on equal test patients. ${protocol}`, () => ''),
    cell: ({ measures }) => verdictCell(measures[measure]),
  })
  return tableOf<NetworkGain>({
    title: 'Gains of the networks',
    head: 'Network',
    columns: [
      ...LEADING.map(column),
      plain('Pairs', 'Pairs of equal patient and seed.', ({ pairs }) => formatCount(pairs)),
    ],
    sections: sectionsOf(report),
    row: gain => ({ label: gainLabel(gain), note: null, method: gain.method }),
    notes: [
      'Below each mean: ± the standard deviation over pairs, the 95 % interval, the verdict. The interval is a ' +
        'bootstrap over patients, then seeds. A lower NMSE is a gain.',
    ],
    protocol: [protocol],
  })
}

function gainWords(gain: NetworkGain, measure: Measure): string {
  const { mean, interval, verdict } = gain.measures[measure]
  const { text } = differenceCell({ mean, sd: null })
  const between = interval ? `95 % interval ${formatInterval(interval)}, ` : ''
  return `${gainLabel(gain)} ${text} (${between}${count(gain.pairs, 'pair')}, ${verdict})`
}

/** Foreground values of each kind of comparison. The table of gains has whole-image values too. */
export const networkFindings = (report: ReproductionReport): string[] =>
  sectionsOf(report).flatMap(({ name, items }) =>
    items.length === 0
      ? []
      : (['foregroundSsim', 'foregroundNmse'] as const).map(
          measure => `${name}, ${NAMES[measure]}: ${items.map(gain => gainWords(gain, measure)).join('; ')}.`,
        ),
  )
