/**
 * Draws the pictures of the guide: trains the demonstration in a new profile (about five minutes), serves the app, and
 * takes each picture in Chromium. `npm run docs -- pictures PROFILE` shows the runs of PROFILE instead.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { startHost } from '../../test/e2e/host.ts'
import { chooseNode } from '../launch/node.mjs'
import { runToEnd } from '../launch/run.mjs'
import { findChromium } from '../test/chromium.mjs'

/** A small window, because the pictures are part of a page and of the repository. */
const WINDOW = { width: 1200, height: 750 }
const MASK_WINDOW = { width: 1200, height: 1000 }
/** Wait for fades and for the drawing of plots. */
const SETTLE_MS = 1500

async function trainDemonstration(root, profile, out) {
  const { node, flags } = chooseNode(root)
  const args = [...flags, join(root, 'src/cli/main.ts'), 'demo', '--profile', profile, '--out', out]
  const status = await runToEnd(node, args)
  if (status !== 0) throw new Error(`Expected the demonstration to be trained, but it ended with status ${status}`)
}

/** Every picture: its path in docs/, and the steps to its screen. */
function picturesOf(page) {
  const goTo = screen => page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click()
  const compare = async () => {
    await goTo('Compare')
    for (const slot of ['input', 'pretrained', 'fine-tuned', 'baseline', 'truth'])
      await page.locator(`[data-slot="${slot}"] [role="img"]`).waitFor()
    await page.locator('[data-slot="fine-tuned"] [data-metric="volume-ssim"]').getByText(/0\.\d/).waitFor()
    await page.keyboard.press('[') // hides the list of volumes
  }
  const layout = async name => {
    await page.getByRole('combobox', { name: 'Layout' }).click()
    await page.getByRole('option', { name, exact: true }).click()
  }
  return [
    { path: 'compare.png', reach: compare },
    {
      path: 'guide/pictures/compare-errors.png',
      reach: async () => {
        await layout('1 × 3')
        await page.keyboard.press('e')
        await page.locator('figure').nth(1).waitFor()
      },
      around: ['input', 'truth'],
      after: () => page.keyboard.press('e'),
    },
    {
      path: 'guide/pictures/mask.png',
      reach: () => page.setViewportSize(MASK_WINDOW),
      part: () => page.locator('section').filter({ has: page.getByLabel('Kind of mask') }),
      after: () => page.setViewportSize(WINDOW),
    },
    { path: 'guide/pictures/studies.png', reach: () => goTo('Studies') },
    {
      path: 'guide/pictures/run.png',
      reach: async () => {
        await goTo('Runs')
        await page.locator('[data-run="1"]').getByRole('button').first().click()
        await page.locator('.scatterlayer .trace').first().waitFor({ state: 'attached' })
      },
    },
    {
      path: 'guide/pictures/pretrain-form.png',
      reach: async () => {
        await page.getByRole('button', { name: 'New run' }).click()
        await page.getByRole('menuitem', { name: 'Pre-training…' }).click()
        await page.getByRole('dialog').getByRole('button', { name: 'Start' }).waitFor()
      },
      after: () => page.keyboard.press('Escape'),
    },
    { path: 'guide/pictures/reproduction.png', reach: () => goTo('Reproductions') },
  ]
}

/** The smallest rectangle around the panes of these slots. */
async function areaBetween(page, slots) {
  const boxes = await Promise.all(slots.map(slot => page.locator(`[data-slot="${slot}"]`).boundingBox()))
  const [x, y] = ['x', 'y'].map(side => Math.min(...boxes.map(box => box[side])))
  const right = Math.max(...boxes.map(box => box.x + box.width))
  const bottom = Math.max(...boxes.map(box => box.y + box.height))
  return { x, y, width: right - x, height: bottom - y }
}

async function takePictures(page, folder) {
  for (const { path, reach, part, around, after } of picturesOf(page)) {
    await reach()
    await page.mouse.move(WINDOW.width / 2, WINDOW.height - 5) // moves the mouse away from controls with hover texts
    await page.waitForTimeout(SETTLE_MS)
    const clip = around && (await areaBetween(page, around))
    await (part?.() ?? page).screenshot({ path: join(folder, path), ...(clip && { clip }) })
    console.log(path)
    await after?.()
  }
}

export async function drawPictures(root, profile) {
  const workshop = mkdtempSync(join(tmpdir(), 'self-mri-pictures-'))
  const docs = join(root, 'docs')
  mkdirSync(join(docs, 'guide', 'pictures'), { recursive: true })
  try {
    if (!profile) await trainDemonstration(root, join(workshop, 'profile'), join(workshop, 'out'))
    const host = await startHost(profile ?? join(workshop, 'profile'))
    const browser = await chromium.launch({ executablePath: findChromium() })
    try {
      const page = await browser.newPage({ viewport: WINDOW })
      await page.goto(host.url)
      await takePictures(page, docs)
    } finally {
      await browser.close()
      await host.stop()
    }
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}
