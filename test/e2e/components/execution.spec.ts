/** Devices, jobs, and the setting of where trainings run. */
import { checkStories, expect, test } from './story.ts'

const RUNS = [
  'button "Run 3: 20 %, from scratch, 10 epochs, epoch 3/10, 0.50 s/step, 40 s left"',
  'button "1 more, 40 s left"',
]
const WHERE = ['radio "This machine" [checked]']
const WHERE_TO = 'button "Choose where trainings run"'
const FILES = ['button "Copy path of the job folder"', 'button "Copy path of the job log"']
const OF_JOB = ['button "Cancel run and job"', WHERE_TO, FILES[0]]
const OF_SLURM = [...OF_JOB, FILES[1]]
const OF_ENDED = ['button "Run again"', 'button "Remove from list"']

checkStories({
  'bottom line: one CPU': { shows: 'CPU, 2 threads · 0.5 GB · idle', tab: [] },
  'bottom line: two trainings': { shows: 'Run 3: 20 %', tab: RUNS },
  'bottom line: four GPUs': {
    shows: '4 GPUs, 2 busy, 1 missing, up to 71 °C',
    tab: ['button "TensorFlow 2.21.0 · 4 GPUs, 2 busy, 1 missing, up to 71 °C · 6.0 GB"', ...RUNS],
  },
  'bottom line: three trainings and jobs': {
    shows: /Run 3: 20 %.*2 more/,
    tab: [
      'button "TensorFlow 2.21.0 · 4 GPUs, 2 busy, 1 missing, up to 71 °C · 6.0 GB · 4 jobs running, 1 waiting"',
      RUNS[0],
      'button "2 more, 47 s left"',
    ],
  },
  'bottom line: jobs': {
    shows: '12 jobs running, 20 waiting',
    tab: [
      'button "TensorFlow 2.21.0 · CPU, 2 threads · 0.5 GB · 12 jobs running, 20 waiting"',
      'button "Run 3, from scratch, 10 epochs: starting"',
      'button "Pause"',
    ],
  },
  'reproduction: three trainings': {
    shows: /Baseline, U-Net-16\s*40 %Run 3.*12 %Run 4.*waits in SlurmRun 5/,
    tab: ['button "Run 3"', 'button "Run 4"', 'button "Run 5"'],
  },
  'run: waits in Slurm': { shows: 'no free node (Resources)', tab: OF_SLURM },
  'run: on a node': { shows: 'Slurm job 4711 on n3', tab: ['button "Pause run"', ...OF_SLURM] },
  'run: job folder': {
    shows: 'bash /scratch/anna/self-mri/runs/3/job/job.sh',
    tab: ['button "Copy command"', ...OF_JOB, 'button "Copy path of the job script"'],
  },
  'run: finished by a job': { shows: 'Slurm job 4711 on n3', tab: [...OF_ENDED, ...FILES] },
  'run: refused by Slurm': {
    shows: 'The cluster has the partitions gpu, cpu.',
    tab: ['button "Resume run"', WHERE_TO, ...OF_ENDED, ...FILES],
  },
  'run: on another machine': { shows: 'process 4711 on n3', tab: ['button "Mark as interrupted"'] },
  'where: this machine': { shows: 'Trainings at once', tab: [...WHERE, 'textbox "Trainings at once"'] },
  'where: four GPUs': {
    shows: 'GPU 3, NVIDIA',
    tab: [
      ...WHERE,
      'checkbox "GPU 0, NVIDIA A100-SXM4-40GB" [checked]',
      'checkbox "GPU 1, NVIDIA A100-SXM4-40GB"',
      'checkbox "GPU 2, NVIDIA A100-SXM4-40GB" [checked]',
      'checkbox "GPU 3, NVIDIA A100-SXM4-40GB"',
      'textbox "Trainings at once"',
    ],
  },
  'where: a device is missing': {
    shows: 'GPU-9 (does not answer)',
    tab: [...WHERE, 'checkbox "CPU"', 'textbox "Trainings at once"'],
  },
  'where: job folders': {
    shows: '/scratch/anna/self-mri/runs',
    tab: ['radio "Job folders" [checked]', 'textbox "Jobs at once"', 'textbox "GPUs per job"', 'textbox "Setup line"'],
  },
  'where: Slurm': {
    shows: 'Partition',
    tab: [
      'radio "Slurm cluster" [checked]',
      'textbox "Partition"',
      'textbox "Time limit"',
      'textbox "Jobs at once"',
      'textbox "GPUs per job"',
      'textbox "Cores per job"',
      'textbox "Memory per job"',
      'textbox "Account"',
      'textbox "Quality of service"',
      'textbox "Constraint"',
      'textbox "Setup line"',
      'textbox "Further options"',
      'button "Check cluster"',
    ],
  },
})

test('bottom line: the list of devices', async ({ page, show }) => {
  await show('bottom line: four GPUs')
  await page.getByRole('button', { name: /4 GPUs/ }).press('Enter')
  const list = page.getByRole('dialog')
  await expect(list.getByRole('row', { name: /GPU 0/ })).toContainText('run 3: epoch 2/10')
  await expect(list.getByRole('row', { name: /GPU 2/ })).toContainText('python3 (process 4711, 29.6 GB)')
  await expect(list.getByRole('row', { name: /GPU 3/ })).toContainText('does not answer')
  await expect(list.getByRole('row', { name: /GPU 3/ }).getByRole('cell')).toHaveText([
    'does not answer',
    '—',
    '—',
    '—',
  ])
  await expect(list.getByRole('button', { name: 'run 3: epoch 2/10' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(list).toBeHidden()
  await expect(page.getByRole('button', { name: /4 GPUs/ })).toBeFocused()
})
