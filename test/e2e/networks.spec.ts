/** A VarNet by mouse: pre-trained, fine-tuned, compared with a classical method, its cascades shown, exported. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { writeCoils } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { downloaded, expectAccessible, floatImage, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

const SIZE = { slices: 2, coils: 4, rows: 72, columns: 96 }

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const pane = (slot: string): Locator => page.locator(`[data-slot="${slot}"]`)
const image = (slot: string): Locator => pane(slot).locator('[role="img"]')
const runRow = (run: number): Locator => page.locator(`[data-run="${run}"]`)
const goTo = (screen: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()

/** Chooses an option, with retries: a drawer that is still sliding in takes the focus and closes the list. */
async function choose(within: Page | Locator, field: string, option: string): Promise<void> {
  await expect(async () => {
    await within.getByRole('combobox', { name: field }).click()
    await page.getByRole('option', { name: option, exact: true }).click({ timeout: 3000 })
  }).toPass()
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-networks-'))
  for (const [role, names] of Object.entries({ train: ['a', 'b'], val: ['c'], test: ['d'] })) {
    mkdirSync(join(folder, 'coils', role), { recursive: true })
    for (const name of names) await writeCoils(join(folder, 'coils', role), name, SIZE)
  }
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
  await goTo('Studies')
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await page.getByRole('dialog').getByLabel('Folder on the host').first().fill(join(folder, 'coils'))
  await page.getByRole('dialog').getByRole('button', { name: 'Add study' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'd.h5' })).toContainText('full')
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => expect(faults).toEqual([]))

test('pre-trains the U-Net inside a VarNet', async () => {
  await page.getByRole('button', { name: 'Pre-train on this study' }).click()
  const form = page.getByRole('dialog', { name: 'Pre-training' })
  await choose(form, 'Method', 'Sub-sample again')
  await choose(form, 'Network', 'E2E-VarNet')
  const settings = { Epochs: '2', Cascades: '2', Channels: '4', 'Map channels': '4' }
  for (const [label, value] of Object.entries(settings)) await form.getByLabel(label, { exact: true }).fill(value)
  await takePicture(page, 'varnet-form')
  await form.getByRole('button', { name: 'Start' }).click()
  await expect(runRow(1)).toHaveAttribute('data-status', 'finished', { timeout: 90_000 })
})

test('fine-tunes the VarNet with one click, its control beside', async () => {
  await page.getByRole('button', { name: 'Fine-tune from this checkpoint' }).click()
  for (const run of [2, 3]) await expect(runRow(run)).toHaveAttribute('data-status', 'finished', { timeout: 120_000 })
  await expect(runRow(2)).toContainText(/SSIM -?\d\.\d{3}/)
})

test('compares the VarNet with its input and with a classical method', async () => {
  await goTo('Studies')
  await page.getByRole('row').filter({ hasText: 'd.h5' }).getByRole('button').first().click()
  await expect(image('fine-tuned')).toBeVisible({ timeout: 60_000 })
  await expect(pane('fine-tuned').locator('[data-metric="volume-ssim"]')).toHaveText(/-?\d\.\d{3}/, { timeout: 60_000 })
  await choose(pane('baseline'), 'Source of the pane Baseline', 'l1-wavelet')
  await expect(image('baseline')).toBeVisible({ timeout: 60_000 })
  const [varnet, classical] = await Promise.all(
    ['fine-tuned', 'baseline'].map(async slot => floatImage(page, (await pane(slot).getAttribute('data-url'))!)),
  )
  expect(varnet.meta.shape).toEqual([SIZE.rows, SIZE.columns])
  expect(varnet.values).not.toEqual(classical.values)
  await expectAccessible(page)
  await takePicture(page, 'varnet-compare')
})

test('shows the image after each cascade', async () => {
  await pane('fine-tuned')
    .getByRole('button', { name: /^More of/ })
    .click()
  await page.getByRole('menuitemradio', { name: /^Cascade/ }).click()
  const slider = pane('fine-tuned').getByRole('slider', { name: 'Cascade' })
  const words = pane('fine-tuned').getByRole('status', { name: 'Cascade' })
  await slider.focus()
  await page.keyboard.press('Home')
  await expect(words).toHaveText('input')
  const input = await floatImage(page, (await pane('fine-tuned').getAttribute('data-url'))!)
  await page.keyboard.press('End')
  await expect(words).toHaveText(/ 2 \/ 2$/)
  await expect(image('fine-tuned').first()).toBeVisible()
  const last = await floatImage(page, (await pane('fine-tuned').getAttribute('data-url'))!)
  expect(last.values).not.toEqual(input.values)
  await takePicture(page, 'varnet-cascades')
})

test('exports the VarNet’s image', async () => {
  const bytes = await downloaded(page, async () => {
    await page.getByRole('button', { name: 'Save reconstruction…' }).click()
    await page.getByRole('menuitem', { name: 'NumPy (.npy)' }).first().click()
  })
  expect(bytes.length).toBeGreaterThanOrEqual(4 * SIZE.slices * SIZE.rows * SIZE.columns)
})
