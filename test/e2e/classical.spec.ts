/** Settings of a classical method in Compare: chosen, named, hidden, and tuned on validation patients. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { writeCoils } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { expectAccessible, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const dialog = (): Locator => page.getByRole('dialog')
const source = (): Locator => page.getByRole('combobox', { name: 'Source of the pane Sub-sampled' })

async function goTo(screen: 'Studies' | 'Compare'): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()
}

/** Opens the settings of CG-SENSE. */
async function openSettings(): Promise<void> {
  await page.getByRole('button', { name: 'More of the pane Sub-sampled' }).click()
  await page.getByRole('menuitem', { name: 'Settings of CG-SENSE…' }).click()
  await expect(dialog()).toBeVisible()
}

/** Imports a folder of the host, and opens the study in Compare with CG-SENSE in the first pane. */
async function openStudy(name: string): Promise<void> {
  await goTo('Studies')
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await dialog().getByLabel('Folder on the host').first().fill(join(folder, name))
  await dialog().getByRole('button', { name: 'Add study' }).click()
  await expect(page.getByRole('heading', { name })).toBeVisible()
  await goTo('Compare')
  await page.getByRole('combobox', { name: 'Study' }).click()
  await page.getByRole('option', { name }).click()
  await source().click()
  await page.getByRole('option', { name: 'CG-SENSE', exact: true }).click()
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-settings-'))
  const studies = { Coils: { train: ['a'], val: ['b', 'c'], test: ['d'] }, Untuned: { train: ['e'], test: ['f'] } }
  for (const [study, roles] of Object.entries(studies))
    for (const [role, names] of Object.entries(roles))
      for (const name of names) {
        mkdirSync(join(folder, study, role), { recursive: true })
        const path = await writeCoils(folder, name, { slices: 2, coils: 3, rows: 48, columns: 48 })
        renameSync(path, join(folder, study, role, `${name}.h5`))
      }
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  expect(faults).toEqual([])
})

test('names settings, shows them in the pane, and hides them with an undo', async () => {
  await openStudy('Coils')
  await openSettings()
  await expect(dialog()).toContainText('CG-SENSE (30 iterations, lambda 0.01, automatic maps, no coil compression)')
  await dialog().getByRole('button', { name: 'New settings…' }).click()
  await dialog().getByLabel('Lambda').fill('2')
  await dialog().getByLabel('Name').fill('Mine')
  await expect(dialog().getByRole('button', { name: 'Save settings' })).toBeDisabled()
  await dialog().getByLabel('Lambda').fill('0.003')
  await takePicture(page, 'settings-new')
  await expectAccessible(page)
  await dialog().getByRole('button', { name: 'Save settings' }).click()
  await expect(dialog().getByRole('radio', { name: /Mine/ })).toBeChecked()
  await expect(source()).toHaveValue('CG-SENSE, Mine')
  await dialog().getByRole('button', { name: 'Hide' }).click()
  await expect(dialog().getByRole('radio')).toHaveCount(1)
  await expect(source()).toHaveValue('CG-SENSE')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(dialog().getByRole('radio')).toHaveCount(2)
})

test('tunes on validation patients, and keeps the curve', async () => {
  await dialog().getByRole('button', { name: 'Tune on validation patients…' }).click()
  await expect(dialog()).toContainText('2 validation patients')
  await dialog().getByLabel('Iterations to try').fill('2, x')
  await expect(dialog()).toContainText('Expected at most 8 whole numbers')
  await dialog().getByLabel('Iterations to try').fill('2, 4')
  await expectAccessible(page)
  await takePicture(page, 'settings-tune')
  await dialog().getByRole('button', { name: 'Tune on validation patients', exact: true }).click()
  const tuned = dialog().getByRole('radio', { name: /Tuned on Coils, 4× random/ })
  await expect(tuned).toBeChecked({ timeout: 60_000 })
  await expect(dialog().getByRole('img', { name: /The foreground NMSE over λ/ })).toBeVisible()
  await expectAccessible(page)
  await takePicture(page, 'settings-curve')
  await page.keyboard.press('Escape')
  await expect(source()).toHaveValue('CG-SENSE, Tuned on Coils, 4× random')
  await page.reload()
  await openSettings()
  await expect(dialog()).toContainText('Mean over 2 validation volumes of Coils.')
  await dialog().getByText('Protocol and volumes').click()
  await expect(dialog()).toContainText('b.h5, c.h5')
  await page.keyboard.press('Escape')
})

test('says what to do in a study without validation patients', async () => {
  await openStudy('Untuned')
  await openSettings()
  await dialog().getByRole('button', { name: 'Tune on validation patients…' }).click()
  await expect(dialog()).toContainText('“Untuned” has no validation patients.')
  await expectAccessible(page)
  await takePicture(page, 'settings-nobody')
  await dialog().getByRole('button', { name: 'Go to studies' }).click()
  await expect(page.getByRole('heading', { name: 'Untuned' })).toBeVisible()
})
