/** The fields of Slurm's settings. */
import { z } from 'zod'
import { SLURM_LABELS, SlurmSettings } from '../../contract/execution.ts'
import type { Schema } from '../widgets/settings-schema.ts'

const DEFAULT = 'cluster’s default'

const FIELDS: Readonly<Record<keyof SlurmSettings, Pick<Schema, 'description' | 'placeholder'>>> = {
  partition: { description: 'queue of the cluster', placeholder: DEFAULT },
  time: {
    description: 'as 4:00:00 or 2-0; a job that reaches the limit continues in its next turn',
    placeholder: DEFAULT,
  },
  jobs: { description: 'further runs wait in the queue of this program' },
  gpus: { description: '0 or 1', placeholder: '0' },
  cpus: {
    description: 'threads of a training; on a CPU another number can give other weights',
    placeholder: DEFAULT,
  },
  memory: { description: 'as 32G', placeholder: DEFAULT },
  account: { description: 'the account that is charged', placeholder: DEFAULT },
  qos: { description: 'QOS of the jobs', placeholder: DEFAULT },
  constraint: { description: 'features of the nodes, as a100', placeholder: 'none' },
  setup: {
    description: 'shell line before the program starts, as “module load gcc”',
    placeholder: 'none',
  },
  sbatch: { description: 'options of sbatch, as “--exclude=n3”', placeholder: 'none' },
}

const { properties = {} } = z.toJSONSchema(SlurmSettings) as Schema

export const SLURM: Schema = {
  type: 'object',
  required: Object.keys(FIELDS),
  properties: Object.fromEntries(
    Object.entries(FIELDS).map(([name, words]) => [
      name,
      { ...properties[name], title: SLURM_LABELS[name as keyof SlurmSettings], ...words },
    ]),
  ),
}

/** The fields that job folders use. */
export const OF_FOLDERS = ['jobs', 'gpus', 'setup'] as const satisfies readonly (keyof SlurmSettings)[]
