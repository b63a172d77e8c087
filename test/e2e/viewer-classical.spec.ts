/** Classical methods in the panes of a file with several coils: progress, stop, scores, refusals, and exports. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { writeCoils } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { downloaded, expectAccessible, floatImage, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

const [SLICES, COILS, ROWS, COLUMNS] = [8, 6, 256, 192]

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const paneOf = (title: string): Locator => page.getByRole('region', { name: title, exact: true })
const imageOf = (title: string): Locator => paneOf(title).locator('[role="img"]')
const CG = 'Classical: CG-SENSE'
const TV = 'Classical: Total variation'

async function choose(title: string, source: string): Promise<void> {
  await paneOf(title).getByRole('combobox').click()
  await page.getByRole('option', { name: source, exact: true }).click()
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-classical-'))
  mkdirSync(join(folder, 'coils', 'test'), { recursive: true })
  const size = { slices: SLICES, coils: COILS, rows: ROWS, columns: COLUMNS }
  await writeCoils(join(folder, 'coils', 'test'), 'coils', size)
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Studies' }).click()
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await page.getByRole('dialog').getByLabel('Folder on the host').first().fill(join(folder, 'coils'))
  await page.getByRole('dialog').getByRole('button', { name: 'Add study' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'coils.h5' })).toContainText('full')
  await page.getByRole('row').filter({ hasText: 'coils.h5' }).dblclick()
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  expect(faults).toEqual([])
})

test('are panes of the multi-coil layout, with scores of the foreground beside the whole image’s', async () => {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('combobox', { name: 'Layout' }).click()
  await page.getByRole('option', { name: 'Multi-coil 2 × 3', exact: true }).click()
  const titles = ['Classical: SENSE combination', CG, 'Classical: l1-wavelet']
  for (const title of titles) await expect(imageOf(title)).toBeVisible({ timeout: 60_000 })
  await expect(paneOf(CG).getByRole('row', { name: /^slice 0\.\d{3} -?\d+\.\d\d \d/ })).toBeVisible()
  const addresses = await Promise.all(titles.map(title => paneOf(title).getAttribute('data-url')))
  const images = await Promise.all(addresses.map(address => floatImage(page, address!)))
  expect(new Set(images.map(({ values }) => values.reduce((sum, value) => sum + value, 0))).size).toBe(3)
  for (const { meta } of images) expect(meta.note).toMatch(/^Coil maps: ESPIRiT/)
  // Noise of different coils has no common maps.
  await expect(paneOf(CG).getByRole('button', { name: /^Caution\. .* does not explain the data/ })).toBeVisible()
  await expectAccessible(page)
  await takePicture(page, 'viewer-classical')
})

test('have progress and a stop button, and other panes do not wait', async () => {
  await choose(CG, 'Total variation')
  const stop = paneOf(TV).getByRole('button', { name: 'Stop Total variation' })
  // Read at each change, because the computation may end between two questions of `expect`.
  const progress = await paneOf(TV).evaluate(
    pane =>
      new Promise<string>(resolve => {
        const look = () => {
          const [words] = /\d+ of \d+ iterations/.exec(pane.textContent ?? '') ?? []
          if (!words) return
          observer.disconnect()
          resolve(words)
        }
        const observer = new MutationObserver(look)
        observer.observe(pane, { subtree: true, childList: true, characterData: true })
        look()
      }),
  )
  expect(progress).toMatch(/^\d+ of 100 iterations$/)
  await page.getByRole('button', { name: 'Next slice' }).click()
  await expect(imageOf('Sub-sampled: Sub-sampled, zero-filled')).toBeVisible()
  await expect(paneOf('Sub-sampled: Sub-sampled, zero-filled')).toHaveAttribute('data-url', /\/frames\/\d+\/5\//)
  await stop.focus()
  await page.keyboard.press('Enter')
  await expect(paneOf(TV)).toContainText('Stopped.')
  const again = paneOf(TV).getByRole('button', { name: 'Compute again' })
  await expect(again).toBeFocused()
  await takePicture(page, 'viewer-classical-stopped')
  await page.keyboard.press('Enter')
  await expect(imageOf(TV)).toBeVisible({ timeout: 60_000 })
})

test('score a volume if the user asks for it, and can be stopped', async () => {
  const pane = paneOf('Classical: SENSE combination')
  await pane.getByRole('button', { name: 'Score volume' }).click()
  await expect(pane.locator('[data-metric="volume-ssim"]')).toHaveText(/\d\.\d{3}/, { timeout: 60_000 })
  const slow = paneOf(TV)
  await slow.getByRole('button', { name: 'Score volume' }).click()
  await expect(slow).toContainText(/\d of 8 slices/)
  await slow.getByRole('button', { name: 'Stop the score of Total variation' }).click()
  await expect(slow.getByRole('button', { name: 'Score volume' })).toBeVisible()
})

test('offer only what a magnitude of all coils has', async () => {
  const pane = paneOf('Classical: l1-wavelet')
  await pane.getByRole('button', { name: /^More of/ }).click()
  // The name includes the reason.
  for (const name of ['Phase', 'All coils, side by side', 'Coil maps, phase as colour', 'ESPIRiT eigenvalue'])
    await expect(page.getByRole('menuitemradio', { name: new RegExp(`^${name} .+\\.$`) })).toBeDisabled()
  await page.getByRole('menuitemradio', { name: 'Data-consistency residual' }).click()
  await expect(pane).toContainText('‖M(Fx̂ − y)‖ / ‖My‖ =', { timeout: 60_000 })
})

test('are saved, and drawn in a figure', async () => {
  await paneOf('Classical: SENSE combination').click({ position: { x: 60, y: 60 } })
  await page.getByRole('button', { name: 'Save reconstruction…' }).click()
  const saved = await downloaded(page, () => page.getByRole('menuitem', { name: 'NumPy (.npy)' }).nth(1).click())
  expect(saved.length).toBe(128 + 4 * ROWS * COLUMNS)
  await page.getByRole('button', { name: 'Export a figure' }).click()
  const dialog = page.getByRole('dialog', { name: 'Figure for a paper' })
  await expect(dialog.getByRole('img', { name: 'The figure as it will be' })).toBeVisible({ timeout: 60_000 })
  await dialog.getByRole('combobox', { name: 'Format' }).click()
  await page.getByRole('option', { name: /SVG/ }).click()
  const svg = await downloaded(page, () => dialog.getByRole('button', { name: 'Save figure…' }).click())
  expect(String(svg)).toContain('SENSE combination: Coil maps: ESPIRiT')
})
