/** The networks of `request.networks`: settings and recipe at a scale, and the methods that can pre-train each. */
import { AppError } from '../../contract/errors.ts'
import type { ReportNetwork, Scale } from '../../contract/reproduction.ts'
import { INPUTS } from '../../core/inputs/index.ts'
import { requireTrainable } from '../../core/training/trainable.ts'
import { methodOf, NETWORKS, networkOf } from '../runs/catalogue.ts'
import { trainable } from '../studies/training-data.ts'
import type { Fold } from './folds.ts'
import { sizesOf } from './folds.ts'
import { type Course, courseOn, networkAt, type OwnNetwork } from './scales.ts'
import { networkName, type PlanCommon, pretrainingConfig } from './seed-trainings.ts'

/** Ids of the networks that can have a block of rows. The methods' own rows have networks of magnitude images. */
export const blockNetworks = (): string[] =>
  Object.entries(NETWORKS)
    .filter(([, { takes }]) => takes !== 'magnitude')
    .map(([id]) => id)

export function requireBlockNetworks(networks: readonly string[]): void {
  const known = blockNetworks()
  const unknown = networks.find(id => !known.includes(id))
  if (unknown === undefined) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected networks of complex images or of k-space (${known.join(', ')}), got "${unknown}". ` +
      'The methods’ own rows have networks of magnitude images.',
  )
}

/** A network with a block of rows. */
export interface Block {
  readonly on: OwnNetwork
  /** The U-Net with which the network is compared. */
  readonly unet: OwnNetwork
  /** Of the methods that can pre-train the network. */
  readonly courses: readonly Course[]
}

/** The course of a method on a network, or why the method cannot pre-train the network. */
function courseOrReason(scale: Scale, method: string, on: OwnNetwork, { study }: Fold, common: PlanCommon) {
  try {
    const { here } = courseOn(scale, method, sizesOf(study), on)
    const of = (role: 'train' | 'val') => trainable(study, role, 'pretrain')
    requireTrainable(pretrainingConfig(here, common), of('train'), of('val'))
    return { course: here }
  } catch (error) {
    if (error instanceof AppError) return { label: methodOf(method).label, reason: error.message }
    throw error
  }
}

/** One text for all methods with one reason. */
function refusalsOf(refused: readonly { readonly label: string; readonly reason: string }[], network: string) {
  return [...Map.groupBy(refused, ({ reason }) => reason)].map(([reason, methods]) => {
    const labels = methods.map(({ label }) => label)
    return `${labels.join(', ')} ${labels.length > 1 ? 'do' : 'does'} not pre-train ${network}. ${reason}`
  })
}

/** The blocks of a fold, and what the report says of each. */
export function blocksOf(
  { scale, networks = [] }: { readonly scale: Scale; readonly networks?: readonly string[] },
  methods: readonly string[],
  fold: Fold,
  common: PlanCommon,
): (Block & { readonly report: ReportNetwork })[] {
  const unet = networkAt(scale, 'unet')
  return networks.map(network => {
    const on = networkAt(scale, network)
    const label = networkName(on)
    const tried = methods.map(method => courseOrReason(scale, method, on, fold, common))
    const courses = tried.flatMap(({ course }) => course ?? [])
    const refusals = refusalsOf(
      tried.flatMap(each => (each.course ? [] : [each])),
      label,
    )
    return { on, unet, courses, report: { network, label, takes: INPUTS[networkOf(network).takes].label, refusals } }
  })
}
