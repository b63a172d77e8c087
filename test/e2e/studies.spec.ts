/**
 * A study whose files change on the disk. Every file is read from end to end. A changed file is named, and is neither
 * trained nor scored on. After a scan takes the new contents, trainings and scores work again. The old run says that it
 * belongs to the old contents.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { writeNoise } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { expectAccessible, floatImage, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

let folder: string
let files: string
let host: Host
let page: Page
const faults: string[] = []
/** The browser logs this text if the host refuses an image or a score of a changed file, or a missing thumbnail. */
const REFUSED = /^Failed to load resource: the server responded with a status of (409|422) /

const SIZE = { slices: 2, rows: 64, columns: 64 }
const row = (file: string): Locator => page.getByRole('row').filter({ hasText: file })
const pane = (slot: string): Locator => page.locator(`[data-slot="${slot}"]`).first()
const runRow = (run: number): Locator => page.locator(`[data-run="${run}"]`)
const notice = (): Locator => page.getByRole('list', { name: 'State of the files' })
const dialog = (): Locator => page.getByRole('dialog')

/** Replaces a file of the study by a renamed file of noise with another seed. */
async function write(role: string, name: string, seed = name): Promise<void> {
  mkdirSync(join(files, role), { recursive: true })
  renameSync(await writeNoise(folder, seed, SIZE), join(files, role, `${name}.h5`))
}

async function goTo(screen: 'Studies' | 'Runs'): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()
}

async function startBaseline(): Promise<void> {
  await goTo('Runs')
  await page.getByRole('button', { name: 'New run' }).click()
  await page.getByRole('menuitem', { name: 'Baseline from scratch…' }).click()
  await dialog().getByRole('button', { name: 'Start' }).click()
}

async function cancelRun(run: number): Promise<void> {
  await expect(runRow(run)).toHaveAttribute('data-status', 'running', { timeout: 60_000 })
  await page.getByRole('article').getByRole('button', { name: 'Cancel' }).click()
  await expect(runRow(run)).toHaveAttribute('data-status', 'cancelled')
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-studies-'))
  files = join(folder, 'noise')
  for (const [role, names] of Object.entries({ train: ['a', 'b'], val: ['c'], test: ['d', 'e'] }))
    for (const name of names) await write(role, name)
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  expect(faults.filter(fault => !REFUSED.test(fault))).toEqual([])
})

test('reads a study’s files once it is imported', async () => {
  await goTo('Studies')
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await dialog().getByLabel('Folder on the host').first().fill(files)
  await dialog().getByRole('button', { name: 'Add study' }).click()
  await expect(page.getByRole('heading', { name: 'noise' })).toBeVisible()
  await expect(row('a.h5')).toContainText('full')
  await expect(notice()).toBeHidden()
  await startBaseline()
  await cancelRun(1)
})

test('makes the multi-coil demonstration, with progress and a cancel button', async () => {
  await goTo('Studies')
  await page.getByRole('button', { name: 'Make multi-coil study' }).click()
  const status = page.getByRole('contentinfo')
  await expect(status).toContainText('Making the multi-coil demonstration')
  await expect(status).toContainText(/[1-9] of 42/, { timeout: 60_000 })
  await takePicture(page, 'studies-making')
  await status.getByRole('button', { name: 'Cancel' }).click()
  await expect(status).not.toContainText('multi-coil', { timeout: 60_000 })
  await expect(page.getByRole('button', { name: /8 coils/ })).toHaveCount(0)
})

test('draws a synthetic knee with as many coils as the form says', async () => {
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A synthetic knee/ }).click()
  for (const [label, value] of Object.entries({ 'Patients for training': '1', 'Slices per volume': '1', Coils: '2' }))
    await dialog().getByLabel(label).fill(value)
  await expectAccessible(page)
  await takePicture(page, 'studies-synthetic-knee')
  await dialog().getByRole('button', { name: 'Make study' }).click()
  await expect(page.getByRole('heading', { name: 'Knee, synthetic, 2 coils (seed 0)' })).toBeVisible({
    timeout: 90_000,
  })
  await expect(row('synthetic_knee_2coils_0_000_CORPD_FBK.h5')).toContainText('full')
  await expect(page.getByRole('button', { name: 'Make multi-coil study' })).toBeHidden()
  await takePicture(page, 'studies-coils')
  await page.getByRole('button', { name: 'Remove from list' }).click()
  await expect(page.getByRole('button', { name: 'Make multi-coil study' })).toBeVisible()
  await page
    .getByRole('region', { name: 'Studies' })
    .getByRole('button', { name: /^noise/ })
    .click()
})

let before: Float32Array

test('names a changed and a missing file, and neither scores nor trains on them', async () => {
  await goTo('Studies')
  await row('d.h5').getByRole('button', { name: 'd.h5', exact: true }).click()
  await expect(pane('input').locator('[data-metric="volume-ssim"]')).toHaveText(/\d\.\d{3}/)
  before = (await floatImage(page, (await pane('input').getAttribute('data-url'))!)).values
  await write('train', 'a', 'another')
  await write('test', 'd', 'other')
  renameSync(join(files, 'test', 'e.h5'), join(folder, 'somewhere.h5'))
  writeFileSync(join(files, 'val', 'broken.h5'), 'no HDF5 file')

  await page.getByRole('slider', { name: 'Acceleration' }).press('ArrowRight')
  await expect(pane('input').getByRole('alert')).toContainText('d.h5')
  await expectAccessible(page)
  await takePicture(page, 'studies-changed-pane')
  await pane('input').getByRole('button', { name: 'Open the study' }).click()
  await page.getByRole('button', { name: 'Read files' }).click()
  await expect(notice()).toContainText('Changed since they were added: d.h5, a.h5')
  await expect(notice()).toContainText('Missing: e.h5')
  await expect(row('a.h5')).toContainText('changed')
  await expect(row('e.h5')).toContainText('missing')
  await expectAccessible(page)
  await takePicture(page, 'studies-changed')

  await startBaseline()
  await expect(page.getByText(/got other contents: a\.h5/)).toBeVisible()
  await expect(runRow(2)).toHaveCount(0)
  await page.keyboard.press('Escape')
})

test('takes the new contents after a scan, and finds the missing file by its content', async () => {
  await goTo('Studies')
  await page.getByRole('button', { name: 'Locate files…' }).click()
  await dialog().getByLabel('Folder on the host').first().fill(folder)
  await dialog().getByRole('button', { name: 'Locate files' }).click()
  await expect(row('somewhere.h5')).toContainText('full')
  await page.getByRole('button', { name: 'Scan again' }).click()
  await expect(dialog()).toContainText('Changed (2)')
  await expect(dialog()).toContainText('a.h5 another patient')
  await expect(dialog()).toContainText('Not usable (1)')
  await expectAccessible(page)
  await takePicture(page, 'studies-findings')
  await dialog().getByRole('button', { name: 'Use these files' }).click()
  await expect(page.getByText('1 file could not be used', { exact: true })).toBeVisible()
  await expect(notice()).toBeHidden()
})

test('shows, scores and trains on the new contents, and the old run names its old contents', async () => {
  await row('d.h5').getByRole('button', { name: 'd.h5', exact: true }).click()
  await expect(pane('input').locator('[data-metric="volume-ssim"]')).toHaveText(/\d\.\d{3}/)
  const { values } = await floatImage(page, (await pane('input').getAttribute('data-url'))!)
  expect(values).toHaveLength(before.length)
  expect(values).not.toEqual(before)
  await startBaseline()
  await cancelRun(2)
  await expect(page.getByRole('article')).not.toContainText('old contents')
  await runRow(1).getByRole('button').click()
  await expect(page.getByRole('article')).toContainText('The numbers of this run are of the old contents')
  await takePicture(page, 'studies-old-run')
})
