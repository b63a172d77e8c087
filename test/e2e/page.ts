/** Functions for tests in a browser: open a page and collect its errors, take pictures, read the shown images. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, expect, type Page } from '@playwright/test'
import { FRAME_HEADER, FrameMeta } from '../../src/contract/images.ts'

/** Folder for pictures of every screen. Without the variable, no pictures are taken. */
export const PICTURES = process.env.SELF_MRI_PICTURES

/** Adds errors of the console, of scripts and of the content security policy to `faults`. */
export async function collectFaults(page: Page, faults: string[]): Promise<void> {
  page.on('console', message => {
    if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', error => faults.push(String(error)))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', event => {
      console.error(`Content security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
    })
  })
}

export async function openPage(browser: Browser, url: string, faults: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await collectFaults(page, faults)
  await page.goto(url)
  return page
}

export async function takePicture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  mkdirSync(PICTURES, { recursive: true })
  await page.mouse.move(600, 890) // moves the mouse away from controls with hover texts
  for (const [width, height] of [
    [1440, 900],
    [1024, 700],
  ]) {
    await page.setViewportSize({ width, height })
    await page.waitForTimeout(250)
    await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`) })
  }
  await page.setViewportSize({ width: 1440, height: 900 })
}

/** The bytes of the file that the browser downloads during `act`. */
export async function downloaded(page: Page, act: () => Promise<void>): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), act()])
  return readFileSync(await file.path())
}

/**
 * Expects no serious fault of accessibility. All transitions are ended first, because axe fails on a message that is
 * fading.
 */
export async function expectAccessible(page: Page): Promise<void> {
  const still = await page.evaluateHandle(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('* { transition: none !important; animation: none !important }')
    document.adoptedStyleSheets.push(sheet)
    return sheet
  })
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  await still.evaluate(sheet => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter(each => each !== sheet)
  })
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const words = serious.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`),
  )
  expect(words).toEqual([])
}

/** The float32 values and the description of an image, by the image's path. */
export async function floatImage(page: Page, path: string): Promise<{ values: Float32Array; meta: FrameMeta }> {
  const answer = await page.request.get(new URL(path, page.url()).href)
  expect(answer.status()).toBe(200)
  const body = await answer.body()
  return {
    values: new Float32Array(new Uint8Array(body).buffer),
    meta: FrameMeta.parse(JSON.parse(answer.headers()[FRAME_HEADER])),
  }
}

/** The colours of a pane's canvas at the centres of voxels, and the grey window. The image must be fitted. */
export function coloursAt(
  page: Page,
  canvas: string,
  shape: readonly [number, number],
  voxels: readonly (readonly [row: number, column: number])[],
) {
  return page.locator(canvas).evaluate(
    (element, { shape: [height, width], voxels }) => {
      const canvas = element as HTMLCanvasElement
      const scale = Math.min(canvas.width / width, canvas.height / height)
      const [left, top] = [(canvas.width - width * scale) / 2, (canvas.height - height * scale) / 2]
      const context = canvas.getContext('2d')!
      const colours = voxels.map(([row, column]) => {
        const [x, y] = [left + (column + 0.5) * scale, top + (row + 0.5) * scale]
        return Array.from(context.getImageData(Math.floor(x), Math.floor(y), 1, 1).data.slice(0, 3))
      })
      return { colours, low: Number(canvas.dataset.low), high: Number(canvas.dataset.high) }
    },
    { shape, voxels },
  )
}
