/** Stories of devices, jobs, and the setting of where trainings run. */
import type { DeviceState, EngineState, OfferedDevice } from '../../../../src/contract/engine.ts'
import { Execution, type RunJob } from '../../../../src/contract/execution.ts'
import type { RunView } from '../../../../src/contract/runs.ts'
import type { Live } from '../../../../src/renderer/app/live.ts'
import type { RunProgress } from '../../../../src/renderer/app/progress.ts'
import { SeveralParts } from '../../../../src/renderer/report/parts.tsx'
import { RunPage } from '../../../../src/renderer/runs/run-page.tsx'
import { ExecutionSection } from '../../../../src/renderer/settings/execution-section.tsx'
import { StatusLine } from '../../../../src/renderer/shell/status-line.tsx'
import { LONG_FILE, run } from './data.ts'
import type { Story } from './story.ts'

const GB = 1e9

const gpu = (n: number, changes: Partial<DeviceState> = {}): DeviceState => ({
  label: `GPU ${n}`,
  name: 'NVIDIA A100-SXM4-40GB',
  kind: 'GPU',
  runs: [],
  residentBytes: 0,
  gpu: { usedBytes: 0.4 * GB, totalBytes: 42.9 * GB, temperature: 34 + n, utilisation: 0, others: [] },
  isMissing: false,
  ...changes,
})

const CPU: EngineState = {
  installed: { tensorflow: '2.21.0', variant: 'cpu' },
  device: 'CPU',
  threads: 2,
  residentBytes: 0.5 * GB,
  doing: null,
  devices: [{ ...gpu(0), label: 'CPU', name: null, kind: 'CPU', gpu: null }],
  jobs: null,
}

const busy = (n: number, run: string, epoch: number): DeviceState =>
  gpu(n, {
    runs: [{ run, words: `run ${run}: epoch ${epoch}/10` }],
    residentBytes: 2 * GB,
    gpu: { usedBytes: 12.3 * GB, totalBytes: 42.9 * GB, temperature: 61 + n, utilisation: 97, others: [] },
  })

const GPUS: EngineState = {
  ...CPU,
  installed: { tensorflow: '2.21.0', variant: 'cuda' },
  device: 'GPU',
  residentBytes: 6 * GB,
  devices: [
    busy(0, '3', 2),
    busy(1, '4', 5),
    gpu(2, {
      gpu: {
        usedBytes: 30 * GB,
        totalBytes: 42.9 * GB,
        temperature: 71,
        utilisation: 99,
        others: [{ pid: 4711, name: 'python3', usedBytes: 29.6 * GB }],
      },
    }),
    gpu(3, { gpu: null, isMissing: true }),
  ],
}

const progress = (step: number): RunProgress => ({
  epoch: 1 + Math.floor(step / 10),
  epochs: 10,
  step,
  steps: 100,
  loss: 0.5,
  from: { at: 0, step: 0 },
  at: step * 500,
  waiting: null,
})

const JOB: RunJob = {
  executor: 'slurm',
  id: '4711',
  state: 'pending',
  node: null,
  words: 'Job 4711 waits in Slurm: no free node (Resources). Nothing is to be done.',
  folder: '/scratch/anna/self-mri/runs/3/job',
}

const ofTraining = (id: string, changes: Partial<RunView> = {}) =>
  run(id, 'train', { status: 'running', checkpoint: null, metrics: null, ...changes })
const BUSY = [ofTraining('3'), ofTraining('4')]
const THREE = [...BUSY, ofTraining('6')]

const LINE = { width: 1024, height: 28 }
const live = (engine: EngineState, changes: Partial<Live> = {}): Partial<Live> => ({
  connected: true,
  engine,
  ...changes,
})

const line = (engine: EngineState, runs: readonly RunView[] = [], more: Partial<Live> = {}): Story => ({
  size: LINE,
  live: live(engine, more),
  data: { runs },
  show: () => <StatusLine />,
})

function page(shown: RunView): Story {
  return {
    size: { width: 720, height: 560 },
    live: live(CPU),
    data: {
      runs: [shown],
      studies: [],
      [`run/${shown.id}`]: { run: shown, environment: {}, notes: [], checkpoints: [], events: [] },
    },
    show: () => (
      <main>
        <RunPage run={shown} />
      </main>
    ),
  }
}

const CPU_ALONE: OfferedDevice[] = [{ id: 'cpu', label: 'CPU', name: null, kind: 'CPU' }]
const FOUR: OfferedDevice[] = [0, 1, 2, 3].map(n => ({
  id: `GPU-${n}`,
  label: `GPU ${n}`,
  name: 'NVIDIA A100-SXM4-40GB',
  kind: 'GPU',
}))

const settings = (execution: object, devices = CPU_ALONE): Story => ({
  size: { width: 760, height: 690 },
  data: {
    settings: { autoResume: false, xla: false, execution: Execution.parse(execution) },
    devices,
    info: { runs: '/scratch/anna/self-mri/runs' },
  },
  show: () => (
    <main>
      <ExecutionSection />
    </main>
  ),
})

export const EXECUTION = {
  'bottom line: one CPU': line(CPU),
  'bottom line: two trainings': line(CPU, BUSY, { progress: { 3: progress(20), 4: progress(50) } }),
  'bottom line: four GPUs': line(GPUS, BUSY, { progress: { 3: progress(20), 4: progress(50) } }),
  'bottom line: three trainings and jobs': line({ ...GPUS, jobs: { running: 4, pending: 1 } }, THREE, {
    progress: { 3: progress(20), 4: progress(50), 6: progress(7) },
  }),
  'bottom line: jobs': line({ ...CPU, jobs: { running: 12, pending: 20 } }, [
    ofTraining('3', { job: { ...JOB, state: 'running', node: 'n3' } }),
  ]),
  'reproduction: three trainings': {
    size: { width: 712, height: 90 },
    data: { runs: [...BUSY, ofTraining('5', { status: 'queued', job: JOB })] },
    show: () => (
      <main>
        <SeveralParts
          parts={[
            { label: 'Baseline, U-Net-16', run: '3', share: 0.4, waits: false },
            { label: 'Pre-training of SimCLR, U-Net-16', run: '4', share: 0.126, waits: false },
            { label: `Control of ${LONG_FILE}`, run: '5', share: null, waits: true },
          ]}
        />
      </main>
    ),
  },
  'run: waits in Slurm': page(ofTraining('3', { status: 'queued', job: JOB })),
  'run: on a node': page(
    ofTraining('3', { job: { ...JOB, state: 'running', node: 'n3', words: 'Job 4711 runs on n3.' } }),
  ),
  'run: job folder': page(
    ofTraining('3', {
      status: 'queued',
      job: { ...JOB, executor: 'folder', id: null, words: `Start the job: bash ${JOB.folder}/job.sh` },
    }),
  ),
  'run: finished by a job': page(
    ofTraining('3', { status: 'finished', job: { ...JOB, state: 'ended', node: 'n3', words: 'Job 4711 is done.' } }),
  ),
  'run: refused by Slurm': page(
    ofTraining('3', {
      status: 'interrupted',
      reason: 'sbatch refused the job: invalid partition specified: gpus. The cluster has the partitions gpu, cpu.',
      resumable: true,
      job: { ...JOB, id: null, state: 'ended', words: '' },
    }),
  ),
  'run: on another machine': page(ofTraining('3', { elsewhere: 'process 4711 on n3' })),
  'where: this machine': settings({}),
  'where: four GPUs': settings({ devices: ['GPU-0', 'GPU-2'] }, FOUR),
  'where: a device is missing': settings({ devices: ['GPU-9'] }),
  'where: job folders': settings({ executor: 'folder' }),
  'where: Slurm': settings({ executor: 'slurm', slurm: { partition: 'gpu', gpus: 1, setup: 'module load gcc/12' } }),
} satisfies Record<string, Story>
