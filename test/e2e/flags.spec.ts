/** Flags against being raw, by mouse: seen in the study table, acknowledged, undone, named before a training. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { writeObject } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { expectAccessible, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

let folder: string
let host: Host
let page: Page
const faults: string[] = []

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-flags-'))
  mkdirSync(join(folder, 'lab'))
  for (const [seed, name] of ['raw', 'filled', 'padded', 'zipped'].entries())
    await writeObject(join(folder, 'lab'), name, { seed: seed + 1, isFilled: name !== 'raw' })
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => expect(faults).toEqual([]))

const notice = () => page.getByRole('list', { name: 'Flags against raw data' })
const flagsOf = (file: string) => page.getByRole('button', { name: new RegExp(`^${file}: \\d flags? against`) })

test('shows the flags of a volume with their numbers and meanings', async () => {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Studies' }).click()
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Folder on the host').first().fill(join(folder, 'lab'))
  await dialog.getByRole('button', { name: 'Add study' }).click()
  await expect(notice()).toContainText('3 of 4 volumes may not be raw: zero-filled or filtered (3).')
  await expect(flagsOf('raw.h5')).toHaveText('0')
  await flagsOf('filled.h5').click()
  await expect(dialog).toContainText('outer to middle energy')
  await expect(dialog).toContainText('The outer k-space was filled with zeros, or filtered.')
  await expectAccessible(page)
  await takePicture(page, 'studies-flags')
  await page.keyboard.press('Escape')
})

test('names the flags before a training, until they are acknowledged, which can be undone', async () => {
  const caution = page.getByRole('dialog').getByText('may not be raw')
  await page.getByRole('button', { name: 'Pre-train on this study' }).click()
  await expect(caution).toBeVisible()
  await takePicture(page, 'start-form-flags')
  await page.keyboard.press('Escape')
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Studies' }).click()
  await page.getByRole('button', { name: 'Acknowledge flags' }).click()
  await expect(notice()).toBeHidden()
  await page.getByRole('button', { name: 'Pre-train on this study' }).click()
  await expect(page.getByRole('button', { name: 'Start training' })).toBeVisible()
  await expect(caution).toBeHidden()
  await page.keyboard.press('Escape')
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Studies' }).click()
  await page.getByRole('button', { name: 'Show flags again' }).click()
  await expect(notice()).toBeVisible()
})
