/** What a scheduler gave to a job: threads, memory and a GPU. */
import process from 'node:process'
import type { EngineOptions } from '../../engine/process/client.ts'

const whole = (text: string | undefined): number | null => (text && /^\d+$/.test(text) ? Number(text) : null)

/** Processor threads of the job. `null`: the scheduler has not said, and the engine takes all threads that it may. */
const threadsOf = (env: NodeJS.ProcessEnv): number | null =>
  whole(env.SLURM_CPUS_PER_TASK) ?? whole(env.SLURM_CPUS_ON_NODE)

/** Memory of the job in MB. `null`: not limited. */
function memoryOf(env: NodeJS.ProcessEnv): number | null {
  const perCpu = whole(env.SLURM_MEM_PER_CPU)
  const megabytes = whole(env.SLURM_MEM_PER_NODE) ?? (perCpu && perCpu * (whole(env.SLURM_CPUS_ON_NODE) ?? 1))
  return megabytes || null
}

/** The options of the job's engine. Changes `env`, because the engine's process inherits the environment. */
export function takeShare(env: NodeJS.ProcessEnv = process.env): Pick<EngineOptions, 'threads'> {
  const memory = memoryOf(env)
  if (memory !== null) env.TF_CPU_BFC_MEM_LIMIT_IN_MB ??= String(memory)
  // Without a share of the GPUs, Slurm leaves the variable unset, and TensorFlow would take every GPU of the node.
  if (env.SLURM_JOB_ID) env.CUDA_VISIBLE_DEVICES ??= '-1'
  return { threads: threadsOf(env) }
}
