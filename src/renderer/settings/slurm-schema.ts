/** The fields of Slurm's settings. */
import { z } from 'zod'
import { SlurmSettings } from '../../contract/execution.ts'
import type { Schema } from '../widgets/settings-schema.ts'

const DEFAULT = 'cluster’s default'

const FIELDS: Readonly<Record<keyof SlurmSettings, Pick<Schema, 'title' | 'description' | 'placeholder'>>> = {
  partition: { title: 'Partition', description: 'queue of the cluster', placeholder: DEFAULT },
  time: {
    title: 'Time limit',
    description: 'as 4:00:00 or 2-0; a job that reaches the limit continues in its next turn',
    placeholder: DEFAULT,
  },
  jobs: { title: 'Jobs at once', description: 'further runs wait in the queue of this window' },
  gpus: { title: 'GPUs per job', description: '0 or 1', placeholder: '0' },
  cpus: {
    title: 'Cores per job',
    description: 'threads of a training; on a CPU another number can give other weights',
    placeholder: DEFAULT,
  },
  memory: { title: 'Memory per job', description: 'as 32G', placeholder: DEFAULT },
  account: { title: 'Account', description: 'the account that is charged', placeholder: DEFAULT },
  qos: { title: 'Quality of service', description: 'QOS of the jobs', placeholder: DEFAULT },
  constraint: { title: 'Constraint', description: 'features of the nodes, as a100', placeholder: 'none' },
  setup: {
    title: 'Setup line',
    description: 'shell line before the program starts, as “module load gcc”',
    placeholder: 'none',
  },
  sbatch: { title: 'Further options', description: 'options of sbatch, as “--exclude=n3”', placeholder: 'none' },
}

const { properties = {} } = z.toJSONSchema(SlurmSettings) as Schema

export const SLURM: Schema = {
  type: 'object',
  required: Object.keys(FIELDS),
  properties: Object.fromEntries(
    Object.entries(FIELDS).map(([name, words]) => [name, { ...properties[name], ...words }]),
  ),
}

/** The fields that job folders use. */
export const OF_FOLDERS = ['jobs', 'gpus', 'setup'] as const satisfies readonly (keyof SlurmSettings)[]
