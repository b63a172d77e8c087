/** The viewer on the demonstration study, before any training: the screen must show what the numbers say. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Locator, type Page, test } from '@playwright/test'
import { decode } from 'fast-png'
import { COLOUR_TABLES, levelOfPhase } from '../../src/presentation/colours.ts'
import { npy } from '../npy.ts'
import { writeCoils } from '../unit/engine/files/noise-file.ts'
import { type Host, startHost } from './host.ts'
import { coloursAt, downloaded, expectAccessible, floatImage, openPage, takePicture } from './page.ts'

test.describe.configure({ mode: 'serial' })

let folder: string
let host: Host
let page: Page
const faults: string[] = []

const pane = (slot: string): Locator => page.locator(`[data-slot="${slot}"]`).first()
const stage = (slot: string): Locator => pane(slot).locator('[role="img"]')
const canvasOf = (slot: string) => `[data-slot="${slot}"] canvas[data-low]`
const picture = (name: string) => takePicture(page, name)

const someVoxels = ([height, width]: readonly [number, number]) =>
  Array.from({ length: 300 }, (_, i) => [(i * 37 + 5) % height, (i * 61 + 3) % width] as const)

async function layout(name: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Layout' }).click()
  await page.getByRole('option', { name, exact: true }).click()
}

async function drag(on: Locator, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const { x, y, width, height } = (await on.boundingBox())!
  await page.mouse.move(x + from[0] * width, y + from[1] * height)
  await page.mouse.down()
  await page.mouse.move(x + to[0] * width, y + to[1] * height, { steps: 6 })
  await page.mouse.up()
}

async function show(slot: string, what: string | RegExp): Promise<void> {
  await pane(slot)
    .getByRole('button', { name: /^More of/ })
    .click()
  await page.getByRole('menuitemradio', { name: what }).click()
  await expect(page.getByRole('menu')).toHaveCount(0) // the next menu would show the same items
}

test.beforeAll(async ({ browser }) => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-viewer-'))
  host = await startHost(join(folder, 'profile'))
  page = await openPage(browser, host.url, faults)
  await expect(stage('input')).toBeVisible()
  await expect(stage('truth')).toBeVisible()
})

test.afterAll(async () => {
  await host?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  expect(faults).toEqual([])
})

test('an error map at ×5 is 5·|a − b| of the maximum, to one grey level, and a signed map shows the sign', async () => {
  const { values, meta } = await floatImage(page, (await pane('input').getAttribute('data-url'))!)
  const truth = await floatImage(page, (await pane('truth').getAttribute('data-url'))!)
  const voxels = someVoxels(meta.shape)
  await pane('error').click({ position: { x: 120, y: 120 } })
  await page.getByRole('button', { name: 'Window and colours' }).click()
  await page.getByRole('menuitemradio', { name: 'grey' }).click()
  const { colours } = await coloursAt(page, canvasOf('error'), meta.shape, voxels)
  let between = 0
  for (const [i, [row, column]] of voxels.entries()) {
    const place = row * meta.shape[1] + column
    const share = (5 * Math.abs(values[place] - truth.values[place])) / meta.volumeMaximum!
    const level = Math.round(255 * Math.min(1, share))
    expect(Math.abs(colours[i][0] - level)).toBeLessThanOrEqual(1)
    if (level > 20 && level < 235) between++
  }
  expect(between).toBeGreaterThan(50)

  await page.getByRole('button', { name: 'Signed errors' }).click()
  const signed = await coloursAt(page, canvasOf('error'), meta.shape, voxels)
  for (const [i, [row, column]] of voxels.entries()) {
    const place = row * meta.shape[1] + column
    const difference = values[place] - truth.values[place]
    const [red, , blue] = signed.colours[i]
    if (Math.abs(difference) < meta.volumeMaximum! / 100) continue
    expect(Math.sign(red - blue)).toBe(Math.sign(difference))
  }
  await picture('viewer-signed')
  await page.getByRole('button', { name: 'Signed errors' }).click()
})

test('blink alternates two frames, swipe shows each frame on its side, overlay shows their mean', async () => {
  await layout('1 × 3')
  const input = pane('input')
  await expect(stage('truth')).toBeVisible()
  const { meta } = await floatImage(page, (await input.getAttribute('data-url'))!)
  const voxels = someVoxels(meta.shape)
  const alone = async (slot: string) =>
    (await coloursAt(page, canvasOf(slot), meta.shape, voxels)).colours.map(([grey]) => grey)
  const [first, second] = [await alone('input'), await alone('truth')]
  await stage('input').click({ modifiers: ['Alt'] })
  await stage('truth').click({ modifiers: ['Alt'] })
  const pair = page.getByRole('region', { name: 'Comparison of two panes' })
  await expect(pair).toHaveAttribute('data-mode', 'swipe')
  const mixed = async () =>
    (await coloursAt(page, 'section[data-mode] canvas[data-low]', meta.shape, voxels)).colours.map(([grey]) => grey)

  await page.getByRole('slider', { name: 'Divider between' }).focus()
  await page.keyboard.press('ArrowRight')
  const edge = 0.52
  const { width, height } = (await pair.locator('[role="img"]').boundingBox())!
  const scale = Math.min(width / meta.shape[1], height / meta.shape[0])
  for (const [i, grey] of (await mixed()).entries()) {
    const x = ((width - meta.shape[1] * scale) / 2 + (voxels[i][1] + 0.5) * scale) / width
    if (Math.abs(x - edge) > 0.01) expect(grey).toBe(x < edge ? first[i] : second[i])
  }
  await picture('viewer-swipe')

  await pair.getByText('Overlay').click()
  for (const [i, grey] of (await mixed()).entries())
    expect(Math.abs(grey - (first[i] * 0.48 + second[i] * 0.52))).toBeLessThanOrEqual(2)

  await pair.getByText('Blink').click()
  await pair.getByRole('combobox', { name: 'Changes per second' }).click()
  await page.getByRole('option', { name: '8 per second' }).click()
  const frames = await page.locator('section[data-mode] canvas[data-low]').evaluate(async element => {
    const canvas = element as HTMLCanvasElement
    const seen = new Map<string, number>()
    const until = performance.now() + 2000
    while (performance.now() < until) {
      await new Promise(requestAnimationFrame)
      const { data } = canvas.getContext('2d')!.getImageData(canvas.width / 2 - 60, canvas.height / 2 - 60, 120, 120)
      const key = String(data.reduce((sum, value, i) => (sum * 31 + value * (i % 7)) % 1_000_000_007, 7))
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    return [...seen.values()]
  })
  expect(frames).toHaveLength(2)
  await page.keyboard.press('Escape')
  await expect(pair).toBeHidden()
})

test('zoom keeps the voxel under the pointer in every pane, until zoom is unlinked', async () => {
  const readout = (slot: string) => pane(slot).locator('output').first()
  const { x, y, width, height } = (await stage('input').boundingBox())!
  await page.mouse.move(x + 0.4 * width, y + 0.55 * height)
  const before = await readout('truth').textContent()
  await page.keyboard.down('Control')
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -100)
  await page.keyboard.up('Control')
  await page.mouse.move(x + 0.4 * width, y + 0.55 * height)
  expect(await readout('truth').textContent()).toBe(before)
  await page.getByRole('button', { name: 'Link zoom and position' }).click()
  await stage('input').dblclick({ modifiers: ['Alt'] })
  await page.keyboard.press('Escape')
  await page.keyboard.down('Control')
  await page.mouse.move(x + 0.4 * width, y + 0.55 * height)
  await page.mouse.wheel(0, -100)
  await page.keyboard.up('Control')
  await page.mouse.move(x + 0.3 * width, y + 0.3 * height)
  expect(await readout('truth').textContent()).not.toBe(await readout('input').textContent())
  await page.getByRole('button', { name: 'Link zoom and position' }).click()
  await page.keyboard.press('Space')
})

test('measures in a region and along a line, in every pane', async () => {
  await page.keyboard.press('R')
  await drag(stage('truth'), [0.4, 0.4], [0.6, 0.6])
  const panel = page.getByRole('region', { name: 'Measurements' })
  await expect(panel.getByRole('button', { name: 'Rectangle 1', exact: true })).toBeVisible()
  await expect(panel.getByRole('row', { name: /^Sub-sampled 0\.\d{3} \d\d\.\d\d 0\.\d{4}/ })).toBeVisible()
  await expect(panel.getByText(/\d ± \d/)).toHaveCount(2)
  await expect(panel.getByLabel('Histogram of the region in every pane')).toBeVisible()
  await picture('viewer-region')
  await page.keyboard.press('Delete')
  await expect(panel.getByRole('button', { name: 'Rectangle 1', exact: true })).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(panel.getByRole('button', { name: 'Rectangle 1', exact: true })).toBeVisible()
  await page.keyboard.press('L')
  await drag(stage('truth'), [0.2, 0.5], [0.8, 0.5])
  await expect(panel.getByText(/^\d+\.\d pixels \(pixel size unknown\)/)).toBeVisible()
  await picture('viewer-line')
  await page.keyboard.press('Delete')
  await page.keyboard.press('W')
})

test('boxes of fastMRI+ become regions of their slices, the right way up', async () => {
  const table = join(folder, 'boxes.csv')
  writeFileSync(
    table,
    'file,slice,study_level,x,y,width,height,label\n' +
      'ulf055T_7B_FLAIR,2,No,10,0,20,32,"A, lesion"\nother,2,No,1,1,1,1,x\n',
  )
  const panel = page.getByRole('region', { name: 'Measurements' })
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    panel.getByRole('button', { name: 'Import boxes…' }).click(),
  ])
  await chooser.setFiles(table)
  await panel.getByRole('button', { name: 'A, lesion', exact: true }).click()
  const [outline, image] = await Promise.all([
    pane('truth').locator('g[data-selected] rect').last().boundingBox(),
    stage('truth').boundingBox(),
  ])
  expect(outline!.y).toBeGreaterThan(image!.y + image!.height / 2) // In fastMRI+, y counts from the bottom.
  await page.keyboard.press('Delete')
})

test('every pane follows the mask: kind, acceleration, pairs, seed', async () => {
  const panel = page.getByRole('region', { name: 'Mask' })
  const before = await pane('input').getAttribute('data-url')
  await panel.getByRole('slider', { name: 'Acceleration' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(pane('input')).toHaveAttribute('data-url', /acceleration=5/)
  await panel.getByRole('button', { name: 'Add a pair' }).press('Enter')
  await expect(pane('input')).toHaveAttribute('data-url', /acceleration=5&center=0.08&pairs=10\/0.04/)
  await expect(panel).toContainText('one is drawn per mask')
  await panel.getByRole('slider', { name: 'Acceleration' }).focus()
  await page.keyboard.press('ArrowLeft')
  await expect(pane('input')).toHaveAttribute('data-url', /acceleration=5&center=0.08&pairs=9\/0.04/)
  await panel.getByRole('button', { name: 'Remove 5×, centre 0.08' }).press('Enter')
  await expect(pane('input')).toHaveAttribute('data-url', /acceleration=9&center=0.04(?!&pairs)/)
  await panel.getByRole('button', { name: 'Use the next seed' }).click()
  await expect(pane('input')).toHaveAttribute('data-url', /seed=0/)
  await expect(panel).toContainText('seed 0')
  await panel.getByRole('combobox', { name: 'Kind of mask' }).click()
  await page.getByRole('option', { name: 'magic' }).click()
  await expect(pane('input')).toHaveAttribute('data-url', /kind=magic/)
  await panel.getByRole('button', { name: 'Reset' }).click()
  await expect(pane('input')).toHaveAttribute('data-url', before!)
})

test('a mask in two directions and a mask file are drawn as they are, and every pane follows', async () => {
  const panel = page.getByRole('region', { name: 'Mask' })
  const choose = async (kind: string) => {
    await panel.getByRole('combobox', { name: 'Kind of mask' }).click()
    await page.getByRole('option', { name: kind }).click()
  }
  await choose('Poisson-disc points')
  await expect(pane('input')).toHaveAttribute('data-url', /kind=poisson_disc/)
  const [rows, columns] = [128, 126]
  const quarter = Math.round((rows * columns) / 4)
  await expect(panel.getByRole('img', { name: `Measured samples: ${quarter} of ${rows * columns}` })).toBeVisible()
  await expect(panel).toContainText('as drawn 4.00×')
  await show('input', /^Mask$/)
  await expect(pane('input')).toHaveAttribute('data-url', /show=mask/)
  await picture('viewer-mask-2d')
  await show('input', 'Data-consistency residual')
  await expect(pane('input').getByRole('figure')).toBeVisible()

  const path = join(folder, 'columns.npy')
  const measured = Uint8Array.from({ length: columns }, (_, column) => Number(column % 3 === 0))
  writeFileSync(path, npy("'|b1'", `(1, ${columns})`, measured))
  await choose('mask file…')
  const dialog = page.getByRole('dialog', { name: 'Open a mask file' })
  await dialog.getByRole('combobox', { name: 'File on the host' }).fill(`${path}.missing.npy`)
  await dialog.getByRole('button', { name: 'Open mask' }).click()
  await expect(dialog.getByRole('alert')).toContainText('choose another mask file')
  expect(faults.splice(0)).toEqual([expect.stringContaining('/rpc/app/maskFile')])
  await dialog.getByRole('combobox', { name: 'File on the host' }).fill(path)
  await dialog.getByRole('button', { name: 'Open mask' }).click()
  await expect(dialog).toBeHidden()
  await expect(panel).toContainText('mask file columns.npy')
  await expect(panel.getByRole('img', { name: 'Measured columns: 42 of 126' })).toBeVisible()
  await expect(panel).toContainText('as drawn 3.00×')
  await picture('viewer-mask-file')
  await panel.getByRole('button', { name: 'Choose mask file' }).click()
  await dialog.getByRole('combobox', { name: 'File on the host' }).fill(path)
  await dialog.getByRole('button', { name: 'Open mask' }).click()
  await expect(dialog).toBeHidden()
  await panel.getByRole('button', { name: 'Reset' }).click()
  await show('input', /^Image/)
  await expect(pane('input')).toHaveAttribute('data-url', /kind=random/)
})

test('shows k-space, phase, SSIM, residual and spread, and keeps the layout', async () => {
  await layout('3 × 3')
  for (const what of ['Phase', 'SSIM map', 'Data-consistency residual', /^Sampling sensitivity/] as const) {
    await show('input', what)
    await expect(stage('input')).toBeVisible()
    await expect(pane('input').getByRole('figure')).toBeVisible()
  }
  await picture('viewer-3x3')
  await page.reload()
  await expect(page.getByRole('combobox', { name: 'Layout' })).toHaveValue('3 × 3')
  await expect(pane('input')).toContainText('Spread of')
  await page.getByRole('button', { name: 'Reset panes' }).click()
  await expect(pane('input')).not.toContainText('Spread of')
  await layout('Filmstrip')
  await expect(page.locator('[data-small]')).toHaveCount(6)
  await picture('viewer-strip')
  await layout('2 × 3')
})

test('saves a figure with its resolution, and a slice for other programs', async () => {
  await page.getByRole('button', { name: 'Export a figure' }).click()
  const dialog = page.getByRole('dialog', { name: 'Figure for a paper' })
  await expect(dialog.getByRole('img', { name: 'The figure as it will be' })).toBeVisible()
  await picture('viewer-figure')
  const png = decode(await downloaded(page, () => dialog.getByRole('button', { name: 'Save figure…' }).click()))
  expect(png.width).toBe(Math.round((180 / 25.4) * 300))
  expect(png.resolution).toMatchObject({ unit: 1 })
  expect(Math.round(png.resolution!.x * 0.0254)).toBe(300)
  await page.keyboard.press('Escape')

  await pane('input').click({ position: { x: 100, y: 100 } })
  await page.getByRole('button', { name: 'Save reconstruction…' }).click()
  await page.getByText('Slice 3', { exact: true }).waitFor()
  const npy = await downloaded(page, () => page.getByRole('menuitem', { name: 'NumPy' }).last().click())
  expect(npy.subarray(1, 6).toString()).toBe('NUMPY')
  expect(npy.toString('latin1')).toContain('(128, 126)')
})

test('has no serious fault of accessibility on any screen', async () => {
  await expectAccessible(page)
  for (const screen of ['Studies', 'Runs', 'Reproductions', 'Settings']) {
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()
    await page.waitForTimeout(500)
    await expectAccessible(page)
  }
})

test('shows all coils, coil maps with their phase, and the eigenvalue, and says where maps fail', async () => {
  const files = join(folder, 'coils')
  mkdirSync(files)
  await writeCoils(files, 'noise', { coils: 3, rows: 64, columns: 56 })
  const screen = (name: string) =>
    page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name, exact: true }).click()
  await screen('Compare')
  await pane('input')
    .getByRole('button', { name: /^More of/ })
    .click()
  await expect(page.getByRole('menuitemradio', { name: 'Mask', exact: true })).toBeVisible()
  await expect(page.getByRole('menuitemradio', { name: 'All coils, side by side' })).toBeHidden() // one coil
  await page.keyboard.press('Escape')
  await screen('Studies')
  await page.getByRole('button', { name: 'Add a study' }).click()
  await page.getByRole('menuitem', { name: /A folder/ }).click()
  await page.getByRole('dialog').getByLabel('Folder on the host').first().fill(files)
  await page.getByRole('dialog').getByRole('button', { name: 'Add study' }).click()
  await page.getByRole('row').filter({ hasText: 'noise.h5' }).dblclick()
  await screen('Compare')
  await expect(stage('input')).toBeVisible()

  await show('input', 'All coils, side by side')
  await expect(pane('input')).toContainText('Magnitude of the images of all 3 coils')
  const { x, y, width, height } = (await stage('input').boundingBox())!
  await expect(async () => {
    await page.mouse.move(x + width / 2, y + height / 2) // a move before the image is painted names nothing
    await page.mouse.move(x + width / 2 + height / 4, y + height / 4)
    await expect(pane('input').locator('output').first()).toContainText(/^coil 2 {2}x \d+ {2}y \d+/, { timeout: 1000 })
  }).toPass()
  await expect(pane('truth').locator('output').first()).toHaveText('') // another place of the patient

  await show('truth', 'Coil maps, phase as colour')
  await expect(pane('truth').getByRole('figure', { name: /^Hue: phase/ })).toBeVisible()
  await expect(pane('truth')).toContainText('% of the object, one set of maps does not explain the data')
  await pane('truth').click({ position: { x: 120, y: 120 } })
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(pane('truth')).toContainText('coil 2 / 3')
  await expect(pane('truth')).toHaveAttribute('data-url', /show=maps.*coil=1/)
  const url = (await pane('truth').getAttribute('data-url'))!
  const { values, meta } = await floatImage(page, url)
  expect([meta.second, values.length]).toEqual(['phase', 2 * meta.shape[0] * meta.shape[1]])
  const voxels = someVoxels(meta.shape)
  const { colours } = await coloursAt(page, canvasOf('truth'), meta.shape, voxels)
  for (const [i, [row, column]] of voxels.entries()) {
    const place = row * meta.shape[1] + column
    const share = Math.min(1, values[place] / 0.8)
    const hue = COLOUR_TABLES.cyclic.levels[levelOfPhase(values[place + values.length / 2])]
    for (const channel of [0, 1, 2]) expect(Math.abs(colours[i][channel] - share * hue[channel])).toBeLessThanOrEqual(1)
  }

  await show('truth', 'ESPIRiT eigenvalue')
  await expect(pane('truth').getByRole('figure')).toContainText('marked')
  await show('input', 'ESPIRiT eigenvalue')
  await expect(pane('input').getByRole('alert')).toContainText('The maps are Walsh’s')
  expect(faults.splice(0)).toEqual([])
  await show('input', 'Coil maps, phase as colour')
  await expect(pane('input')).toContainText('Walsh, calibration area')
  await picture('viewer-coils')
  await expectAccessible(page)
})
