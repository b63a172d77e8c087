/** The figure on the clipboard, a feature map in print, and messages about a file that broke after it was opened. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { decode } from 'fast-png'
import { type Host, root, startHost } from './host.ts'
import { downloaded, openPage, takePicture } from './page.ts'

const { chooseNode } = await import(join(root, 'scripts', 'launch', 'node.mjs'))

test.describe.configure({ mode: 'serial' })

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const pane = (slot: string): Locator => page.locator(`[data-slot="${slot}"]`)
const stage = (slot: string): Locator => pane(slot).locator('[role="img"]')
const figureDialog = () => page.getByRole('dialog', { name: 'Figure for a paper' })

async function openFigure(): Promise<void> {
  await page.getByRole('button', { name: 'Export a figure' }).click()
  await expect(figureDialog().getByRole('img', { name: 'The figure as it will be' })).toBeVisible()
}

/** The width of a picture, the number of its colours in a sample of pixels, and the share of dark pixels. */
function coloursOf(png: Buffer): { width: number; colours: number; dark: number } {
  const { width, data, channels } = decode(png)
  const seen = new Set<number>()
  let dark = 0
  for (let i = 0; i < data.length; i += channels * 101) {
    seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
    if (data[i] < 40) dark++
  }
  return { width, colours: seen.size, dark: dark / (data.length / channels / 101) }
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-exports-'))
  const profile = join(folder, 'profile')
  const { node, flags } = chooseNode(root)
  const train = ['train', '--epochs', '1', '--channels', '2', '--slices', 'middle', '--profile', profile]
  const { status, stderr } = spawnSync(node, [...flags, join(root, 'src/cli/main.ts'), ...train], { cwd: root })
  expect(status, String(stderr)).toBe(0)
  host = await startHost(profile)
  page = await openPage(browser, host.url, faults)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await expect(stage('baseline')).toBeVisible()
  await expect(stage('truth')).toBeVisible()
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  expect(faults).toEqual([])
})

test('copies the figure, as large as it would be saved', async () => {
  await openFigure()
  await figureDialog().getByRole('button', { name: 'Copy' }).click()
  await expect(page.getByText('The figure was copied.')).toBeVisible()
  const bytes = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read()
    return Array.from(new Uint8Array(await (await item.getType('image/png')).arrayBuffer()))
  })
  const { width, colours, dark } = coloursOf(Buffer.from(bytes))
  expect(width).toBe(Math.round((180 / 25.4) * 300))
  expect(colours).toBeGreaterThan(100)
  expect(dark).toBeGreaterThan(0.2)
  await page.keyboard.press('Escape')
})

test('prints a feature map that a pane shows', async () => {
  await pane('baseline').getByRole('button', { name: 'More of run 1' }).click()
  await page.getByRole('menuitem', { name: 'Feature maps' }).click()
  const maps = page.getByRole('dialog', { name: /^Feature maps of run 1/ })
  await page.keyboard.press('ArrowLeft')
  await maps.getByRole('button', { name: 'Channel 2' }).click()
  await maps.getByRole('button', { name: 'Show in pane' }).click()
  const shown = page.locator('[data-pane]').filter({ hasText: 'channel 2 of' })
  await expect(shown.locator('[role="img"]')).toBeVisible()
  await openFigure()
  await takePicture(page, 'viewer-figure-feature')
  const save = () => downloaded(page, () => figureDialog().getByRole('button', { name: 'Save figure…' }).click())
  expect(coloursOf(await save()).colours).toBeGreaterThan(100)
  await figureDialog().getByRole('combobox', { name: 'Format' }).click()
  await page.getByRole('option', { name: 'SVG' }).click()
  const svg = (await save()).toString()
  expect(svg).toContain('channel 2')
  // Each pane has an image and a colour bar.
  expect(svg.match(/<image/g)).toHaveLength(2 * (await page.locator('[data-pane] canvas[data-low]').count()))
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Reset panes' }).click()
})

test('names a file that broke after it was opened, with the remedy, in every place that needs the file', async () => {
  const study = join(folder, 'clinic')
  const file = join(study, 'scan.h5')
  mkdirSync(study)
  copyFileSync(join(root, 'resources/demonstration/ulf055T_7A_FSE.h5'), file)
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Studies' }).click()
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await page.getByRole('dialog').getByLabel('Folder on the host', { exact: true }).fill(study)
  await page.getByRole('dialog').getByRole('button', { name: 'Add study' }).click()
  await page.getByRole('button', { name: 'scan.h5' }).click()
  await expect(stage('truth')).toBeVisible()
  await expect(pane('input').getByRole('row', { name: /^slice 0\.\d{3}/ })).toBeVisible()
  await pane('input').click({ position: { x: 100, y: 100 } })

  truncateSync(file, 500_000)
  const said = /truncated: 500000 of \d+ bytes are there, in .*scan\.h5\. Copy or download it again\./
  const notice = page.getByRole('alert').filter({ hasText: said })
  const dismiss = () => notice.getByRole('button', { name: 'Close the message' }).click()
  for (const [format, which] of [
    ['fastMRI HDF5 (.h5)', 'first'],
    ['DICOM', 'last'],
  ] as const) {
    await page.getByRole('button', { name: 'Save reconstruction…' }).click()
    await page.getByRole('menuitem', { name: format })[which]().click()
    await expect(notice).toContainText('Saving the reconstruction failed')
    await dismiss()
    await expect(notice).toBeHidden()
  }
  await page.getByRole('button', { name: 'Export a figure' }).click()
  await expect(figureDialog().getByRole('alert')).toHaveText(said)
  await figureDialog().getByRole('button', { name: 'Save figure…' }).click()
  await expect(notice.filter({ hasText: 'Drawing the figure failed' })).toBeVisible()
  await takePicture(page, 'viewer-broken-figure')
  await page.keyboard.press('Escape')
  await page.getByRole('slider', { name: 'Acceleration' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(pane('input').getByRole('alert')).toContainText(said)
  await takePicture(page, 'viewer-broken')
  // The browser logs that the host refused the scores.
  expect(faults.splice(0).filter(fault => !/ (?:409|422) .*\/rpc\/score/.test(fault))).toEqual([])
})
