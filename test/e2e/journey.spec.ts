/**
 * A user's whole journey in a real browser, on an empty profile: look at images, choose and edit a recipe, preview the
 * views, pre-train, look at feature maps, fine-tune with the control, compare, cancel, restart, add a folder with a
 * broken file, reconstruct a file without ground truth, begin to reproduce the original work.
 * A violation of the content security policy or an error on the console fails the test.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { writeKspaceAlone } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { coloursAt, floatImage, openPage, takePicture } from './page.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const DEMONSTRATION = here('../../resources/demonstration')

test.describe.configure({ mode: 'serial' })

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const pane = (slot: string): Locator => page.locator(`[data-slot="${slot}"]`)
/** The canvas of a pane, without the icons of the pane's header. */
const image = (slot: string): Locator => pane(slot).locator('[role="img"]')
const runRow = (run: number): Locator => page.locator(`[data-run="${run}"]`)

const picture = (name: string) => takePicture(page, name)

async function goTo(screen: 'Studies' | 'Runs' | 'Compare' | 'Reproductions' | 'Settings'): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()
}

/** Types into a field of a dialog, found by the field's label. */
async function fill(label: string | RegExp, value: string): Promise<void> {
  await page
    .getByRole('dialog')
    .getByLabel(label, { exact: typeof label === 'string' })
    .fill(value)
}

/** The grey levels that the page shows at the centres of voxels, and the grey window of the pane. */
async function greyLevels(
  slot: string,
  shape: readonly [number, number],
  voxels: readonly (readonly [number, number])[],
) {
  const { colours, low, high } = await coloursAt(page, `[data-slot="${slot}"] canvas[data-low]`, shape, voxels)
  return { levels: colours.map(([grey]) => grey), low, high }
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-e2e-'))
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

test('opens on the demonstration study, with a test volume and its ground truth', async () => {
  await expect(page.getByRole('heading', { name: /7B_FLAIR/ })).toBeVisible()
  await expect(image('input')).toBeVisible()
  await expect(image('truth')).toBeVisible()
  await expect(pane('pretrained')).toContainText('No pre-trained network')
  await expect(pane('input')).toContainText('orientation unknown')
  await expect(page.getByText('Research use only')).toBeVisible()
  await expect(pane('input').locator('[data-metric="volume-ssim"]')).toHaveText(/0\.\d{3}/)
  await picture('compare-empty')
})

test('shows the zero-filled image’s own grey levels', async () => {
  const url = await pane('input').getAttribute('data-url')
  const { values, meta } = await floatImage(page, url!)
  const [height, width] = meta.shape
  const voxels = Array.from({ length: 400 }, (_, i) => [(i * 37) % height, (i * 61) % width] as const)
  const { levels, low, high } = await greyLevels('input', meta.shape, voxels)
  expect(high).toBeGreaterThan(low)
  let grey = 0
  for (const [i, [row, column]] of voxels.entries()) {
    const share = (values[row * width + column] - low) / (high - low)
    const expected = Math.round(Math.min(1, Math.max(0, share)) * 255)
    expect(Math.abs(levels[i] - expected)).toBeLessThanOrEqual(1)
    if (expected > 20 && expected < 235) grey++
  }
  expect(grey).toBeGreaterThan(50)
})

test('points at the same voxel in all panes, at any zoom', async () => {
  const box = (await image('input').boundingBox())!
  for (const turns of [0, 4, 8]) {
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.45)
    await page.keyboard.down('Control')
    for (let i = 0; i < turns; i++) await page.mouse.wheel(0, -100)
    await page.keyboard.up('Control')
    await page.mouse.move(box.x + box.width * 0.42, box.y + box.height * 0.47)
    const readout = (slot: string) => pane(slot).locator('output').first()
    await expect(readout('input')).toHaveText(/x \d+\s+y \d+/)
    const [, x, y] = /x (\d+)\s+y (\d+)/.exec((await readout('input').textContent())!)!
    const same = new RegExp(`x ${x}\\s+y ${y}\\s`)
    await expect(readout('truth')).toHaveText(same)
    const truthBox = (await image('truth').boundingBox())!
    await page.mouse.move(truthBox.x + truthBox.width * 0.42, truthBox.y + truthBox.height * 0.47)
    await expect(readout('truth')).toHaveText(same)
  }
  await image('input').dblclick()
})

test('goes through slices by wheel and keys, and changes the window of all panes by drag', async () => {
  const number = page.getByLabel('Slice', { exact: true })
  await expect(number).toHaveText('slice 3 / 4')
  const box = (await image('input').boundingBox())!
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.wheel(0, 100)
  await expect(number).toHaveText('slice 4 / 4')
  await page.keyboard.press('Home')
  await expect(number).toHaveText('slice 1 / 4')
  await page.keyboard.press('ArrowDown')
  await expect(number).toHaveText('slice 2 / 4')
  const before = await pane('truth').locator('canvas[data-high]').getAttribute('data-high')
  await page.mouse.down()
  await page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 + 20, { steps: 4 })
  await page.mouse.up()
  const [input, truth] = await Promise.all(
    ['input', 'truth'].map(slot => pane(slot).locator('canvas[data-high]').getAttribute('data-high')),
  )
  expect(truth).not.toBe(before)
  expect(input).toBe(truth)
  await page.keyboard.press('Space')
})

/** Chooses an option, with retries: a drawer that is still sliding in takes the focus and closes the list. */
async function choose(field: string, option: string): Promise<void> {
  await expect(async () => {
    await page.getByRole('combobox', { name: field }).click()
    await page.getByRole('option', { name: option, exact: true }).click({ timeout: 3000 })
  }).toPass()
}

test('chooses a recipe, edits it, and keeps it as its own', async () => {
  await goTo('Runs')
  await picture('runs-empty')
  await page.getByRole('button', { name: 'New run' }).click()
  await page.getByRole('menuitem', { name: 'Pre-training…' }).click()
  const form = page.getByRole('dialog', { name: 'Pre-training' })
  await choose('Method', 'RotNet')
  await choose('Recipe', 'Original')
  await expect(form.getByLabel('Channels')).toHaveValue('64')
  await choose('Recipe', 'Workstation')
  await expect(form.getByText('as shipped')).toBeVisible()
  await fill('Epochs', '3')
  await expect(form.getByText('edited')).toBeVisible()
  await form.getByRole('button', { name: 'Save as…' }).click()
  await fill('Name of the recipe', 'RotNet, three epochs')
  await page.keyboard.press('Enter')
  await expect(form.getByText('as saved', { exact: true })).toBeVisible()
  await expect(form.getByRole('combobox', { name: 'Recipe' })).toHaveValue('RotNet, three epochs')
  // The form shows a fault at its field, and starts nothing.
  await form.getByRole('button', { name: /^Method: RotNet/ }).click()
  await fill('Crop', '20')
  await form.getByRole('button', { name: 'Start' }).click()
  await expect(form.getByText('Expected a whole number, at least 32, at most 320')).toBeVisible()
  await expect(form.getByLabel('Crop')).toBeFocused()
  await picture('pretrain-form-wrong')
  await form.getByRole('button', { name: 'Reset' }).click()
  await expect(form.getByText('as saved', { exact: true })).toBeVisible()
  await form.getByRole('button', { name: 'Delete' }).click()
  await expect(form.getByRole('combobox', { name: 'Recipe' })).toHaveValue('Workstation')
  await page.getByRole('button', { name: 'Undo' }).click()
  await choose('Recipe', 'RotNet, three epochs')
  await expect(form.getByLabel('Epochs')).toHaveValue('3')
  await picture('pretrain-form')
})

test('shows the views of the first batch before anything is trained', async () => {
  await page.getByRole('button', { name: 'Preview views' }).click()
  const views = page.getByRole('region', { name: 'Views of the first batch' })
  await expect(views.getByRole('img', { name: /^rotated \d+°$/ })).toHaveCount(8)
  await picture('views')
  await page.getByRole('button', { name: /^Training data access/ }).click()
  await choose('Measurement', 'fixed')
  await views.getByRole('button', { name: 'Preview again' }).click()
  await expect(views.getByRole('list', { name: 'Cautions' })).toContainText('aliasing')
  await picture('views-caution')
  await page.getByRole('button', { name: 'Reset' }).click()
  await expect(page.getByText('as saved', { exact: true })).toBeVisible()
})

test('pre-trains a network from the form, with live curves and its health', async () => {
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()
  await expect(runRow(1)).toBeVisible()
  await expect(runRow(1)).toHaveAttribute('data-status', 'finished', { timeout: 90_000 })
  await expect(page.locator('.scatterlayer .trace').first()).toBeAttached()
  await expect(page.getByText(/Validation slice: .*arbitrary units/)).toBeVisible()
  const health = page.getByRole('region', { name: 'Health of the pre-training' })
  await expect(health.getByText('chance is 25 %')).toBeVisible()
  await expect(health.getByRole('img', { name: 'Accuracy by epoch' }).locator('.scatterlayer .trace')).toBeAttached()
  await expect(health.getByText(/at chance level the loss is 1\.386/)).toBeVisible()
  await picture('runs-health')
})

test('looks inside: the feature maps of its layers', async () => {
  await page.getByRole('button', { name: 'Feature maps' }).click()
  const maps = page.getByRole('dialog', { name: /Feature maps of run 1/ })
  const layer = maps.getByRole('combobox', { name: 'Layer' })
  const channels = maps.getByRole('button', { name: /^Channel \d+$/ })
  await expect(channels).toHaveCount(16)
  const last = await layer.inputValue()
  await picture('features')
  await page.keyboard.press('ArrowLeft')
  await expect(layer).not.toHaveValue(last)
  await expect(channels).toHaveCount(32)
  const slice = maps.getByLabel('Slice of the feature maps')
  const before = await slice.textContent()
  await channels.first().hover()
  await page.mouse.wheel(0, -100)
  await expect(slice).not.toHaveText(before!)
  await page.keyboard.press('ArrowDown')
  await expect(slice).toHaveText(before!)
  await channels.nth(3).click()
  await expect(channels).toHaveCount(1)
  await page.keyboard.press('Escape')
  await expect(channels).toHaveCount(32)
  await channels.nth(3).click()
  await maps.getByRole('button', { name: 'Show in pane' }).click()
  await expect(maps).toBeHidden()
  const focused = page.locator('[data-focused]')
  await expect(focused).toContainText('channel 4 of')
  await expect(focused.locator('[role="img"]')).toBeVisible()
  await picture('feature-in-a-pane')
  await page.getByRole('button', { name: 'Reset panes' }).click()
  await goTo('Runs')
})

test('fine-tunes it with one click, its control beside', async () => {
  await page.getByRole('button', { name: 'Fine-tune from this checkpoint' }).click()
  await expect(runRow(2)).toBeVisible()
  await expect(runRow(3)).toHaveAttribute('data-status', /queued|running/)
  await expect(page.getByRole('contentinfo')).toContainText('Run 2')
  await picture('runs-running')
  await expect(runRow(3)).toHaveAttribute('data-status', 'finished', { timeout: 120_000 })
  await expect(runRow(2)).toContainText(/SSIM 0\.\d{3}/)
  await runRow(2).getByRole('button').click()
  await page.getByRole('checkbox', { name: 'Overlay run 3' }).click()
  await expect(page.getByRole('table', { name: 'Where their configurations differ' })).toContainText('start')
  await page.getByText('by time').click()
  await picture('runs-overlay')
})

test('compares all sources on a test slice, with errors on one scale', async () => {
  await goTo('Compare')
  for (const slot of ['input', 'pretrained', 'fine-tuned', 'baseline', 'truth']) await expect(image(slot)).toBeVisible()
  await expect(pane('pretrained')).toContainText('arbitrary units, own window')
  await expect(pane('pretrained')).toContainText('no metric')
  await expect(pane('fine-tuned').locator('[data-metric="volume-ssim"]')).toHaveText(/0\.\d{3}/, { timeout: 30_000 })
  await expect(pane('error').getByRole('figure')).toBeVisible()
  await picture('compare')
  await page.getByText('Errors', { exact: true }).click()
  const scales = await page.locator('figure > span:first-child').allTextContents()
  expect(scales.length).toBeGreaterThanOrEqual(4)
  expect(new Set(scales).size).toBe(1)
  await picture('compare-errors')
  await page.keyboard.press('e')
  await expect(page.locator('figure')).toHaveCount(1)
  await page.getByRole('button', { name: /6A_FLAIR/ }).click()
  await expect(pane('fine-tuned')).toContainText('in training')
  await picture('compare-in-training')
  await pane('fine-tuned').getByRole('button', { name: 'More of run 2' }).click()
  await page.getByRole('menuitem', { name: 'Feature maps' }).click()
  await expect(page.getByRole('button', { name: 'Channel 16', exact: true })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('f')
  await expect(page.getByRole('dialog', { name: /Feature maps of run 2/ })).toBeVisible()
  await page.keyboard.press('Escape')
})

test('shows a run that is dragged onto a pane', async () => {
  await page.getByRole('navigation', { name: 'Study' }).locator('[draggable="true"]').last().dragTo(pane('truth'))
  await expect(pane('truth')).toHaveAttribute('aria-label', /Run 1/)
  await page.getByRole('button', { name: 'Reset panes' }).click()
  await expect(pane('truth')).toHaveAttribute('aria-label', 'Ground truth: Ground truth')
})

test('cancels a run, which keeps what it has', async () => {
  await goTo('Runs')
  await page.getByRole('button', { name: 'New run' }).click()
  await page.getByRole('menuitem', { name: 'Baseline from scratch…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()
  await expect(runRow(4)).toHaveAttribute('data-status', 'running', { timeout: 30_000 })
  await expect(runRow(4)).toContainText('%', { timeout: 30_000 })
  await page.getByRole('article').getByRole('button', { name: 'Cancel' }).click()
  await expect(runRow(4)).toHaveAttribute('data-status', 'cancelled', { timeout: 30_000 })
})

test('pauses a run and resumes it where it was', async () => {
  await page.getByRole('article').getByRole('button', { name: 'Resume' }).click()
  await expect(runRow(4)).toHaveAttribute('data-status', 'running', { timeout: 30_000 })
  await expect(page.getByText(/Validation slice: /)).toBeVisible({ timeout: 60_000 })
  await page.getByRole('article').getByRole('button', { name: 'Pause' }).click()
  await expect(runRow(4)).toHaveAttribute('data-status', 'paused', { timeout: 30_000 })
  await expect(page.getByRole('article').getByRole('button', { name: 'Resume' })).toBeVisible()
  await picture('runs-paused')
})

test('finds everything after the host was killed in the middle of a training, and goes on', async ({ browser }) => {
  await page.getByRole('article').getByRole('button', { name: 'Run again' }).click()
  await expect(runRow(5)).toHaveAttribute('data-status', 'running', { timeout: 30_000 })
  // Waits for at least one logged epoch and its weights.
  await expect(page.getByText(/Validation slice: /)).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('button', { name: 'Compare images' })).toBeVisible({ timeout: 30_000 })
  await host.kill()
  await page.close()
  faults.length = 0 // Drops errors about the lost connection.
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
  await goTo('Runs')
  await expect(runRow(5)).toHaveAttribute('data-status', 'interrupted')
  await runRow(5).getByRole('button').click()
  await expect(page.getByText(/The program .* ended/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Compare images' })).toBeVisible()
  await expect(page.getByText(/Validation slice: /)).toBeVisible()
  await expect(runRow(4)).toHaveAttribute('data-status', 'paused')
  await picture('runs-interrupted')
  await expect(runRow(2)).toContainText(/SSIM/)
  const epochs = () => page.getByRole('button', { name: /^Epoch \d+$/ })
  const before = await epochs().count()
  await page.getByRole('article').getByRole('button', { name: 'Resume' }).click()
  await expect(epochs().nth(before)).toBeVisible({ timeout: 60_000 })
  // Each epoch is there once, so the curve has no gap.
  const names = await epochs().evaluateAll(buttons => buttons.map(button => button.getAttribute('aria-label')))
  expect(names).toEqual(names.map((_, i) => `Epoch ${i + 1}`))
  await picture('runs-resumed')
  await page.getByRole('article').getByRole('button', { name: 'Cancel' }).click()
  await expect(runRow(5)).toHaveAttribute('data-status', 'cancelled', { timeout: 30_000 })
})

test('adds a folder with one broken file', async () => {
  const study = join(folder, 'clinic')
  mkdirSync(study)
  copyFileSync(join(DEMONSTRATION, 'ulf055T_7A_FSE.h5'), join(study, 'whole.h5'))
  writeFileSync(join(study, 'broken.h5'), readFileSync(join(DEMONSTRATION, 'ulf055T_7B_FSE.h5')).subarray(0, 500_000))
  await goTo('Studies')
  await picture('studies')
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await fill('Folder on the host', study)
  await page.getByRole('dialog').getByRole('button', { name: 'Add study' }).click()
  await expect(page.getByRole('heading', { name: 'clinic' })).toBeVisible({ timeout: 30_000 })
  await expect(page.getByText('1 file could not be used', { exact: true })).toBeVisible()
  await expect(page.getByText(/truncated/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'whole.h5' })).toBeVisible()
  await picture('studies-broken')
})

/** Drops a file or folder on the window, as a user does. */
async function drop(path: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data })
  await session.detach()
}

test('takes a dropped folder for a study, its roles by its folders', async () => {
  const study = join(folder, 'knee')
  for (const [role, file] of [
    ['train', 'ulf055T_6A_FSE.h5'],
    ['val', 'ulf055T_7A_FSE.h5'],
  ]) {
    mkdirSync(join(study, role), { recursive: true })
    copyFileSync(join(DEMONSTRATION, file), join(study, role, file))
  }
  await drop(study)
  await expect(page.getByRole('heading', { name: 'knee', exact: true })).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('row', { name: /6A_FSE.*training/ })).toBeVisible()
  await expect(page.getByRole('row', { name: /7A_FSE.*validation/ })).toBeVisible()
  await page.getByRole('button', { name: 'Remove from list' }).click()
  await expect(page.getByRole('heading', { name: 'knee', exact: true })).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('button', { name: /^knee/ })).toBeVisible()
})

test('reconstructs a dropped file without ground truth, and saves it', async () => {
  await drop(await writeKspaceAlone(folder, 'new-scan', { partialFourier: true }))
  await expect(page.getByRole('heading', { name: /new-scan/ })).toBeVisible({ timeout: 30_000 })
  await expect(pane('truth')).toContainText('no ground truth')
  await pane('fine-tuned').getByRole('combobox').click()
  await page.getByRole('option', { name: /Run 2/ }).click()
  await expect(image('fine-tuned')).toBeVisible({ timeout: 30_000 })
  await expect(pane('fine-tuned')).toContainText('no metric')
  await picture('new-scan')
  await page.getByRole('button', { name: 'Save reconstruction…' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'fastMRI HDF5 (.h5)' }).first().click(),
  ])
  const saved = join(folder, 'saved.h5')
  await download.saveAs(saved)
  expect(readFileSync(saved).subarray(1, 4).toString()).toBe('HDF')
  expect(readFileSync(saved).includes('Research use only')).toBe(true)
})

test('imports a checkpoint and fine-tunes it, and names a file that is no checkpoint', async () => {
  const [checkpoint] = readdirSync(join(host.profile, 'runs/2')).filter(name => name.startsWith('best'))
  const foreign = join(folder, 'foreign.safetensors')
  writeFileSync(foreign, 'no checkpoint')
  await goTo('Runs')
  for (const path of [foreign, join(host.profile, 'runs/2', checkpoint)]) {
    await page.getByRole('button', { name: 'New run' }).click()
    await page.getByRole('menuitem', { name: 'Import a checkpoint…' }).click()
    await fill('File on the host', path)
    await page.getByRole('dialog').getByRole('button', { name: 'Import checkpoint' }).click()
  }
  await expect(page.getByRole('alert').getByText(/foreign\.safetensors/)).toBeVisible()
  // The browser logs the host's refusal of the first file.
  expect(faults.splice(0)).toEqual([expect.stringMatching(/ 4\d\d .*importCheckpoint/)])
  await expect(page.getByRole('heading', { name: /imported checkpoint: finished/ })).toBeVisible()
  await page.getByRole('checkbox', { name: 'with control' }).uncheck()
  await page.getByRole('button', { name: 'Fine-tune from this checkpoint' }).click()
  await expect(runRow(7)).toHaveAttribute('data-status', 'finished', { timeout: 120_000 })
})

test('begins to reproduce the original work, and stops', async () => {
  // The address that version 0.1.0 used leads to the screen, too.
  await page.evaluate(() => {
    location.hash = 'report'
  })
  await expect(page.getByRole('heading', { name: 'Reproduce the original work' })).toBeVisible()
  await picture('report-empty')
  for (const method of ['SimCLR', 'SwAV', 'PIRL', 'RotNet'])
    await page.getByRole('checkbox', { name: method, exact: true }).uncheck()
  await page.getByRole('switch', { name: 'Headline only' }).check()
  await expect(page.getByText(/up to 4 trainings/)).toBeVisible()
  await page.getByRole('button', { name: 'Reproduce the original work' }).click()
  const reproduction = page.getByRole('region', { name: /^Reproduction \d+$/ })
  await expect(reproduction.getByRole('table', { name: /^Table 1/ })).toContainText(/Zero-filled.*0\.\d{3}/, {
    timeout: 60_000,
  })
  // The control of the earlier fine-tuning is one of these trainings, so it is not trained again.
  await expect(reproduction.getByText(/^running, \d of 4 trainings/)).toBeVisible()
  await expect(reproduction.getByRole('img', { name: /^Figure 3/ })).toBeVisible({ timeout: 60_000 })
  await picture('report-running')
  await reproduction.getByRole('button', { name: 'Stop' }).click()
  await expect(reproduction.getByText(/^stopped, \d of 4 trainings/)).toBeVisible({ timeout: 60_000 })
  await expect(reproduction.getByRole('button', { name: 'Resume' })).toBeVisible()
  await picture('report-stopped')
})

test('has settings, keys and a palette', async () => {
  await goTo('Settings')
  await expect(page.getByText(/TensorFlow 2/).first()).toBeVisible()
  await picture('settings')
  await page.getByText('Light', { exact: true }).click()
  await goTo('Compare')
  await picture('compare-light')
  await goTo('Settings')
  await page.getByText('Dark', { exact: true }).click()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeHidden()
  await page.keyboard.press('Control+k')
  await page.getByPlaceholder('Command, study, volume or run').fill('a baseline')
  await picture('palette')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'Baseline from scratch' })).toBeVisible()
})
