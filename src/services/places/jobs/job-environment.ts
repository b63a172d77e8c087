/** The share of a node that a scheduler gave to a job. */
import process from 'node:process'
import type { EngineOptions } from '../../../engine/process/client.ts'

const positive = (text: string | undefined): number | null => (Number(text) > 0 ? Number(text) : null)

/**
 * The share of the job's engine. Slurm names the cores of a task only if the job asked for cores. A job computes on one
 * GPU. Without a GPU of its own a job would take all GPUs of the node, because Slurm then leaves the variable unset.
 */
export function shareOfJob(env: NodeJS.ProcessEnv = process.env): Pick<EngineOptions, 'threads' | 'device'> {
  if (!env.SLURM_JOB_ID) return {}
  const [gpu] = (env.CUDA_VISIBLE_DEVICES ?? '-1').split(',')
  return { threads: positive(env.SLURM_CPUS_PER_TASK) ?? positive(env.SLURM_CPUS_ON_NODE), device: gpu }
}
