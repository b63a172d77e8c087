/** A form that a JSON Schema makes: every kind of field, faults, long labels. */
import type { Page } from '@playwright/test'
import { LONG_FILE } from './stories/data.ts'
import { checkStories, expect, test } from './story.ts'

checkStories({
  'form: kinds of fields': {
    shows: 'Epochs',
    tab: [
      'textbox "Epochs"',
      'textbox "Learning rate"',
      'switch "Flips" [checked]',
      'combobox "Mask"',
      'textbox "Sizes"',
      'textbox "Note"',
      'textbox "Warmup"',
      'textbox "Blur"',
      'switch "Frozen"',
      'combobox "Optimizer"',
      'textbox "Decay"',
      'textbox "Gamma"',
      'switch "Stopping"',
    ],
  },
  'form: faults': {
    shows: 'Expected a whole number, at least 1, at most 500',
    tab: [
      'textbox "Epochs" [invalid]',
      'textbox "Learning rate" [invalid]',
      'switch "Flips" [checked]',
      'combobox "Mask" [invalid]',
      'textbox "Sizes" [invalid]',
      'textbox "Note"',
      'textbox "Warmup" [invalid]',
      'textbox "Blur"',
      'switch "Frozen"',
      'combobox "Optimizer"',
      'textbox "Decay"',
      'textbox "Gamma"',
      'switch "Stopping"',
    ],
  },
  'form: long labels': {
    shows: 'Share of the columns',
    tab: [
      'textbox "Share of the columns, at the centre of k-space, that is always measured in every slice of the volume"',
      `textbox "${LONG_FILE}"`,
      'combobox "Choice"',
    ],
  },
  'form: no fields': { shows: '', tab: [] },
})

const settings = async (page: Page) => JSON.parse((await page.locator('output').textContent())!)

test('each kind of field sets its value', async ({ page, show }) => {
  await show('form: kinds of fields')
  await page.getByLabel('Epochs').fill('12')
  await page.getByLabel('Learning rate').fill('1e-2')
  await page.getByLabel('Learning rate').press('ArrowUp')
  await page.getByLabel('Flips').press('Space')
  await page.getByLabel('Mask').click()
  await page.getByRole('option', { name: 'equispaced fraction' }).click()
  await page.getByLabel('Sizes').fill('10; 20')
  await page.getByLabel('Note').fill('first')
  await page.getByLabel('Warmup').fill('3')
  await page.getByLabel('Blur').fill('0.5')
  await page.getByLabel('Frozen').press('Space')
  await page.getByLabel('Optimizer').click()
  await page.getByRole('option', { name: 'plain sgd' }).click()
  await page.getByLabel('Stopping').press('Space')
  expect(await settings(page)).toEqual({
    epochs: 12,
    rate: 0.02,
    flips: false,
    mask: 'equispaced_fraction',
    sizes: [10, 20],
    note: 'first',
    warmup: 3,
    blur: 0.5,
    frozen: true,
    optimizer: { kind: 'plain_sgd', momentum: 0.9 },
    schedule: { gamma: 0.1 },
    stopping: { patience: 5 },
  })
})

test('an optional field that is emptied has no value', async ({ page, show }) => {
  await show('form: kinds of fields')
  for (const name of ['Warmup', 'Blur']) {
    await page.getByLabel(name).fill('4')
    await page.getByLabel(name).fill('')
  }
  const value = await settings(page)
  expect(value.warmup).toBeUndefined()
  expect(value.blur).toBeUndefined()
})

test('a fault is the description of its field until the fault is corrected', async ({ page, show }) => {
  await show('form: faults')
  const epochs = page.getByLabel('Epochs')
  await expect(epochs).toHaveAccessibleDescription('Expected a whole number, at least 1, at most 500')
  await epochs.fill('3')
  await expect(epochs).toHaveAccessibleDescription('passes over the training data')
  await expect(epochs).not.toHaveAttribute('aria-invalid', 'true')
})
