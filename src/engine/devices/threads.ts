/** The threads and the memory of this process, which may be a part of the machine's. */
import { availableParallelism, totalmem } from 'node:os'
import process from 'node:process'

const MIB = 2 ** 20

const positive = (name: string): number | null => {
  const value = Number.parseInt(process.env[name] ?? '', 10)
  return value > 0 ? value : null
}

/** The cores that Slurm gives to each task of this job. `null` outside a job, and if the job did not ask for cores. */
export const jobThreads = (): number | null => positive('SLURM_CPUS_PER_TASK')

/**
 * The number of threads that compute in an engine process: TF_NUM_INTRAOP_THREADS, which TensorFlow and
 * src/native/threads.cc read, else the cores of the Slurm job, else the cores that this process may use. Everything
 * in an engine process asks here instead of counting cores.
 */
export const threadsHere = (): number => positive('TF_NUM_INTRAOP_THREADS') ?? jobThreads() ?? availableParallelism()

/** Bytes of memory of the Slurm job on this node. `null`: the job may use all memory, or there is no job. */
function jobMemory(): number | null {
  const perNode = positive('SLURM_MEM_PER_NODE')
  const perCore = positive('SLURM_MEM_PER_CPU')
  const cores = positive('SLURM_CPUS_ON_NODE') ?? positive('SLURM_CPUS_PER_TASK') ?? 1
  return perNode !== null ? perNode * MIB : perCore !== null ? perCore * cores * MIB : null
}

/** Bytes of memory of this machine, or of the Slurm job on this machine. */
export const memoryHere = (): number => Math.min(totalmem(), jobMemory() ?? Number.POSITIVE_INFINITY)
