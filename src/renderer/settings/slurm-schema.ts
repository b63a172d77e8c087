/** The fields of Slurm's settings. */
import { z } from 'zod'
import { SlurmSettings } from '../../contract/execution.ts'
import type { Schema } from '../widgets/settings-schema.ts'

const DEFAULT = 'cluster’s default'

const FIELDS: Readonly<Record<keyof SlurmSettings, Pick<Schema, 'title' | 'placeholder'>>> = {
  partition: { title: 'Partition', placeholder: DEFAULT },
  time: { title: 'Time limit', placeholder: DEFAULT },
  jobs: { title: 'Jobs at once' },
  gpus: { title: 'GPUs per job', placeholder: DEFAULT },
  cpus: { title: 'Cores per job', placeholder: DEFAULT },
  memory: { title: 'Memory per job', placeholder: DEFAULT },
  account: { title: 'Account', placeholder: DEFAULT },
  qos: { title: 'Quality of service', placeholder: DEFAULT },
  constraint: { title: 'Constraint', placeholder: 'none' },
  setup: { title: 'Setup line', placeholder: 'none' },
  sbatch: { title: 'Further options', placeholder: 'none' },
}

const { properties = {} } = z.toJSONSchema(SlurmSettings) as Schema

export const SLURM: Schema = {
  type: 'object',
  required: Object.keys(FIELDS),
  properties: Object.fromEntries(
    Object.entries(FIELDS).map(([name, words]) => [name, { ...properties[name], ...words }]),
  ),
}
