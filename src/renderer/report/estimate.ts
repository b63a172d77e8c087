/** Says in words what a reproduction will compute, before the reproduction starts. */
import type { Catalogue } from '../../contract/catalogue.ts'
import type { Scale } from '../../contract/reproduction.ts'
import { count } from '../../presentation/numbers.ts'

export interface Wanted {
  readonly scale: Scale
  readonly seeds: number
  readonly methods: readonly string[]
  /** Networks with a block of rows. */
  readonly networks: readonly string[]
  readonly leaveOneOut: boolean
  readonly headline: boolean
  /** Number of patients with ground truth in the study; `null` while the study loads. */
  readonly patients: number | null
}

/**
 * Labels of the networks that the methods' recipes train, one label for each network and configuration.
 * Each of these needs its own baseline.
 */
export function networksOf(catalogue: Catalogue, methods: readonly string[], scale: Scale): string[] {
  const recipe = scale === 'full' ? 'original' : 'workstation'
  const networks = new Map<string, string>()
  for (const method of methods) {
    const found = catalogue.recipes.find(({ id }) => id === `${method}/${recipe}`)
    if (!found) continue
    const { network, networkConfig } = found
    const label = catalogue.networks.find(({ id }) => id === network)?.label ?? network
    networks.set(JSON.stringify([network, networkConfig]), label)
  }
  return [...networks.values()]
}

/** Duration of the whole demonstration in minutes: one seed, one split, two cores. */
const MINUTES = 25
/** Share of the duration that remains without milestones, controls of equal time and few labels. */
const HEADLINE_SHARE = 0.6

/** Duration of a network's block in such a demonstration, in minutes. */
const BLOCK_MINUTES = 6

export function duration(minutes: number): string {
  if (minutes < 90) return `${Math.max(5, Math.round(minutes / 5) * 5)} minutes`
  return `${(minutes / 60).toFixed(minutes < 600 ? 1 : 0).replace(/\.0$/, '')} hours`
}

export function estimate(wanted: Wanted, catalogue: Catalogue): { trains: string; takes: string } {
  const { scale, seeds, methods, networks: blocks, leaveOneOut, headline, patients } = wanted
  const networks = networksOf(catalogue, methods, scale)
  const labelOf = (id: string) => catalogue.networks.find(network => network.id === id)?.label ?? id
  const folds = leaveOneOut ? patients : 1
  const each = networks.length + 3 * methods.length
  const times = (folds ?? 0) * seeds
  const over = [
    seeds > 1 && `${seeds} seeds`,
    leaveOneOut && (patients === null ? 'every left-out patient' : `${count(patients, 'left-out patient')}`),
  ].filter(Boolean)
  const baselines = `${count(networks.length, 'baseline')} (${[...new Set(networks)].join(', ')})`
  const trains = [
    `Trains ${baselines}. `,
    `Trains ${count(methods.length, 'method')}: pre-training, fine-tuning, and the control without pre-training. `,
    over.length > 0 ? `Repeats this for each of ${over.join(' and ')}. ` : '',
    times > 0 ? `This makes ${headline ? 'up to' : 'at least'} ${each * times} trainings. ` : '',
    blocks.length > 0
      ? `Trains ${blocks.map(labelOf).join(', ')}: each a baseline, a U-Net of equal time, and the methods that can ` +
        'pre-train it, with their controls. '
      : '',
    headline ? '' : 'Fine-tunings from milestones, controls of equal time and few labels are added.',
  ].join('')
  if (scale === 'full')
    return {
      trains: trains.trim(),
      takes: 'The original settings take days on a CPU. They are meant for a GPU and the fastMRI knee study.',
    }
  if (scale === 'workstation')
    return {
      trains: trains.trim(),
      takes: 'On a GPU: minutes for each seed and split. On two cores: about twice as long as a demonstration.',
    }
  const all = Math.max(1, catalogue.methods.length)
  const once = MINUTES * (methods.length / all) * (headline ? HEADLINE_SHARE : 1) + BLOCK_MINUTES * blocks.length
  const minutes = once * Math.max(1, times)
  return { trains: trains.trim(), takes: `On two cores: about ${duration(minutes)}.` }
}
