/** A pane, and the grid of panes, in each of their states. */
import { join } from 'node:path'
import { PICTURES } from '../page.ts'
import { LONG_FILE } from './stories/data.ts'
import { checkStories, expect, test } from './story.ts'

const WORDS = `/data/${LONG_FILE}: Expected k-space of 15 coils in slice 3, got 16. Remedy: Export the file again.`
const failure = (code: string) => ({ frames: { code, message: WORDS } })

/** The two controls in the head of a pane. */
const head = (slot: string, run?: string) => [
  `combobox "Source of the pane ${slot}"`,
  `button "More of ${run ? `run ${run}` : `the pane ${slot}`}"`,
]
const BASELINE = head('Baseline', '3')
/** The numbers below the image, whose protocol is read on focus. */
const numbers = (name: string) => `table "Metrics of ${name}"`
const RUN = numbers('Run 3')

checkStories({
  'pane: no volume': { shows: 'Choose a volume', tab: [] },
  'pane: no run': {
    shows: 'No baseline on this study yet.',
    tab: [...head('Baseline'), 'button "Train a baseline"'],
  },
  'pane: no fine-tuning': {
    shows: 'Run 1 has not been fine-tuned yet.',
    tab: [...head('Fine-tuned'), 'button "Fine-tune from this checkpoint"', 'checkbox "with control" [checked]'],
  },
  'pane: scan without a run': { shows: 'Choose a run above', tab: head('Baseline') },
  'pane: no ground truth': { shows: 'no ground truth', tab: head('Ground truth') },
  'pane: loading': { story: 'pane: run', answers: { frames: 'never' }, shows: 'SSIM', tab: [...BASELINE, RUN] },
  'pane: scoring': { story: 'pane: run', answers: { score: 'never' }, shows: '0.876', tab: [...BASELINE, RUN] },
  'pane: error': {
    story: 'pane: run',
    answers: failure('INTERNAL'),
    shows: 'got 16',
    tab: [...BASELINE, 'button "Try again"', RUN],
  },
  'pane: changed data': {
    story: 'pane: run',
    answers: failure('DATA_CHANGED'),
    shows: 'got 16',
    tab: [...BASELINE, 'button "Open the study"', 'button "Try again"', RUN],
  },
  'pane: no engine': {
    story: 'pane: run',
    answers: failure('ENGINE_UNAVAILABLE'),
    shows: 'got 16',
    tab: [...BASELINE, 'button "Install the engine"', RUN],
  },
  'pane: run': { shows: '0.843', tab: [...BASELINE, RUN] },
  'pane: placed': { shows: 'F 30.0 mm', tab: [...BASELINE, RUN] },
  'pane: arbitrary units': { shows: 'arbitrary units, own window', tab: head('Pre-trained', '1') },
  'pane: one coil': {
    shows: 'What the image of zero-filled means',
    tab: [...head('Sub-sampled'), 'button "Previous coil"', 'button "Next coil"'],
  },
  'pane: all coils': { shows: 'all coils', tab: [...head('Ground truth'), 'button "Next coil"'] },
  'pane: long names': { shows: 'What the spread', tab: head('Pre-trained', '1234567') },
  'pane: cascade': { shows: 'SSIM 0.790', tab: [...head('Baseline', '5'), 'slider "Cascade"'] },
  'pane: one coil for many': {
    shows: 'caution',
    tab: [
      ...head('Baseline', '5'),
      'button "Caution. Run 5 was trained with 8 coils, and this file has 1 coil. ' +
        'The image may be worse than on files ' +
        'with as many coils as in training. Train a network on files with one coil."',
      numbers('Run 5'),
    ],
  },
  'pane: phase of a network': {
    shows: 'all coils',
    tab: [...head('Baseline', '5'), 'button "Next coil"'],
  },
  'panes: 1': { shows: '0.843', tab: [...head('Fine-tuned', '2'), numbers('Run 2')] },
  'panes: 9': {
    shows: '0.843',
    tab: [
      ...head('Sub-sampled'),
      numbers('Sub-sampled'),
      ...head('Pre-trained', '1'),
      ...head('Fine-tuned', '2'),
      numbers('Run 2'),
      ...BASELINE,
      RUN,
      ...head('Ground truth'),
      ...head('Error', '2'),
      numbers('Run 2'),
      ...head('Sub-sampled'),
      ...head('Fine-tuned', '2'),
      ...head('Fine-tuned', '2'),
    ],
  },
  'panes: strip': { shows: '0.843', tab: [...head('Fine-tuned', '2'), numbers('Run 2')] },
  'panes: 9 errors': {
    story: 'panes: 9',
    answers: failure('INTERNAL'),
    shows: 'got 16',
    tab: [
      ...head('Sub-sampled'),
      'button "Try again"',
      numbers('Sub-sampled'),
      ...head('Pre-trained', '1'),
      'button "Try again"',
      ...head('Fine-tuned', '2'),
      'button "Try again"',
      numbers('Run 2'),
      ...BASELINE,
      'button "Try again"',
      RUN,
      ...head('Ground truth'),
      'button "Try again"',
      ...head('Error', '2'),
      'button "Try again"',
      numbers('Run 2'),
      ...head('Sub-sampled'),
      'button "Try again"',
      numbers('Sub-sampled'),
      ...head('Fine-tuned', '2'),
      'button "Try again"',
      numbers('Run 2'),
      ...head('Fine-tuned', '2'),
      'button "Try again"',
      numbers('Run 2'),
    ],
  },
})

test('a pane shows the numbers of its slice and its volume', async ({ page, show }) => {
  await show('pane: run')
  const pane = page.getByRole('region', { name: 'Baseline: Run 3 · from scratch, 10 epochs' })
  await expect(pane.getByRole('row', { name: 'slice 0.876 0.0123 0.801 0.0101' })).toBeVisible()
  await expect(pane.getByRole('row', { name: 'volume 0.843 0.0123 0.801 0.0101' })).toBeVisible()
})

test('a pane shows where its slice lies, and letters at its four sides', async ({ page, show }) => {
  await show('pane: placed')
  await expect(page.getByText('F 30.0 mm')).toBeVisible()
  for (const letters of ['LP', 'RA', 'PR', 'AL']) await expect(page.getByText(letters, { exact: true })).toBeVisible()
})

test('a pane that waits for its image shows no image and no number', async ({ page, show }) => {
  await show('pane: run', { frames: 'never' })
  await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible()
  await expect(page.getByRole('row', { name: 'slice … … … …' })).toBeVisible()
  await expect(page.locator('canvas')).toHaveCount(0)
})

test('a pane whose image failed asks for the image again', async ({ page, show }) => {
  const answers = { ...failure('INTERNAL') } as Parameters<typeof show>[1] & { frames?: unknown }
  await show('pane: run', answers)
  await expect(page.getByRole('alert')).toContainText(WORDS)
  answers.frames = undefined
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('img', { name: 'Run 3' })).toBeVisible()
})

test('a slider and its keys go through the cascades of a network', async ({ page, show }) => {
  await show('panes: cascades')
  const slider = page.getByRole('slider', { name: 'Cascade' })
  const words = page.getByRole('status', { name: 'Cascade' })
  const pane = page.getByRole('region', { name: /^Baseline/ })
  await expect(words).toHaveText('cascade 5 / 5')
  await expect(pane).toContainText('After cascade 5 of 5. SSIM 0.843')
  await slider.focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect(words).toHaveText('cascade 3 / 5')
  await expect(pane).toContainText('After cascade 3 of 5. SSIM 0.812')
  await expect(pane.locator('header')).toContainText('Cascade 3 of')
  if (PICTURES) await page.screenshot({ path: join(PICTURES, 'component slider of cascades.png') })
  await page.keyboard.press('Home')
  await expect(words).toHaveText('input')
  await expect(pane.getByRole('img', { name: /^SSIM after each cascade: input 0.612, 1 0.731/ })).toBeVisible()
})

test('the menu of shows says why a source does not offer one', async ({ page, show }) => {
  await show('pane: run')
  await page.getByRole('button', { name: 'More of run 3' }).click()
  const item = (name: RegExp) => page.getByRole('menuitemradio', { name })
  await expect(item(/^Phase A magnitude has no phase\.$/)).toBeDisabled()
  await expect(item(/^Cascades Only of networks with cascades\.$/)).toBeDisabled()
  await expect(item(/^k-space, log magnitude$/)).toBeEnabled()
  await expect(item(/coil/i)).toHaveCount(0)
  if (PICTURES) await page.screenshot({ path: join(PICTURES, 'component menu of shows.png') })
})

test('the menu of shows offers all that a network gives', async ({ page, show }) => {
  await show('pane: cascade')
  await page.getByRole('button', { name: 'More of run 5' }).click()
  for (const name of ['Cascades', 'Phase', 'Coil maps, phase as colour', 'k-space, log magnitude'])
    await expect(page.getByRole('menuitemradio', { name, exact: true })).toBeEnabled()
  await expect(page.getByRole('menuitemradio', { name: /^ESPIRiT eigenvalue Of measured k-space/ })).toBeDisabled()
  if (PICTURES) await page.screenshot({ path: join(PICTURES, 'component menu of a network.png') })
})
