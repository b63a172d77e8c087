/** Devices, jobs, and the setting of where trainings run. */
import { checkStories, expect, test } from './story.ts'

const RUNS = [
  'button "Run 3, from scratch, 10 epochs: epoch 3/10, 0.50 s/step, 40 s left"',
  'button "Run 4, from scratch, 10 epochs: epoch 6/10, 0.50 s/step, 25 s left"',
  'button "2 trainings, 40 s left"',
]
const WHERE = ['radio "This machine" [checked]']
const OF_JOB = [
  'button "Pause run"',
  'button "Cancel run and job"',
  'button "Copy path of the job folder"',
  'button "Copy path of the job log"',
]

checkStories({
  'bottom line: one CPU': { shows: 'CPU, 2 threads · 0.5 GB · idle', tab: [] },
  'bottom line: two trainings': { shows: 'Run 3 20 %', tab: RUNS },
  'bottom line: four GPUs': {
    shows: '4 GPUs, 2 busy, 1 missing, up to 71 °C',
    tab: ['button "TensorFlow 2.21.0 · 4 GPUs, 2 busy, 1 missing, up to 71 °C · 6.0 GB"', ...RUNS],
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
  'run: waits in Slurm': { shows: 'no free node (Resources)', tab: OF_JOB },
  'run: on a node': { shows: 'Slurm job 4711 on n3', tab: OF_JOB },
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
  await expect(list.getByRole('button', { name: 'Show runs' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(list).toBeHidden()
  await expect(page.getByRole('button', { name: /4 GPUs/ })).toBeFocused()
})
