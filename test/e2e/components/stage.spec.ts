/** A stage: one image or none, two images in one place, drags, wheel and keys. */
import type { Locator, Page } from '@playwright/test'
import { coloursAt } from '../page.ts'
import { SHAPE } from './stories/data.ts'
import { checkStories, expect, test } from './story.ts'

checkStories({
  'stage: image': { shows: '', tab: [] },
  'stage: no values': { shows: '', tab: [] },
  'stage: swipe': {
    shows: 'Run 3',
    tab: [
      'radio "Swipe" [checked]',
      'button "Swap the two images"',
      'button "Rotate the divider"',
      'button "Close the comparison"',
      'slider "Divider between the two images"',
    ],
  },
  'stage: blink': {
    shows: 'Run 3',
    tab: [
      'radio "Blink" [checked]',
      'button "Swap the two images"',
      'combobox "Changes per second"',
      'button "Flip images"',
      'button "Close the comparison"',
    ],
  },
  'stage: overlay': {
    shows: 'Run 3',
    tab: [
      'radio "Overlay" [checked]',
      'button "Swap the two images"',
      'slider "Opacity of the second image"',
      'button "Close the comparison"',
    ],
  },
  'stage: long names': {
    shows: 'Run 7654321',
    tab: [
      'radio "Blink" [checked]',
      'button "Swap the two images"',
      'combobox "Changes per second"',
      'button "Flip images"',
      'button "Close the comparison"',
    ],
  },
  'stage: loading': {
    story: 'stage: overlay',
    answers: { frames: 'never' },
    shows: 'Loading both images …',
    tab: [
      'radio "Overlay" [checked]',
      'button "Swap the two images"',
      'slider "Opacity of the second image"',
      'button "Close the comparison"',
    ],
  },
})

const CANVAS = 'canvas[data-low]'

/** Grey levels in the left half of the ellipse, in its right half, and outside of it. */
async function levels(page: Page): Promise<number[]> {
  const { colours } = await coloursAt(page, CANVAS, SHAPE, [
    [32, 20],
    [32, 28],
    [2, 2],
  ])
  return colours.map(([red]) => red)
}

async function drag(page: Page, on: Locator, by: readonly [x: number, y: number]): Promise<void> {
  const { x, y, width, height } = (await on.boundingBox())!
  const [left, top] = [x + width / 2, y + height / 2]
  await page.mouse.move(left, top)
  await page.mouse.down()
  await page.mouse.move(left + by[0], top + by[1], { steps: 3 })
  await page.mouse.up()
}

test('an image is drawn through its window, without the pixels that have no value', async ({ page, show }) => {
  await show('stage: image')
  await expect.poll(() => levels(page)).toEqual([128, 255, 0])
  const stage = page.getByRole('img', { name: 'Run 3' })
  await stage.hover({ position: { x: 240, y: 240 } })
  await expect(stage.getByRole('status')).toHaveText('x 24  y 32  1')
  await show('stage: no values')
  await stage.hover({ position: { x: 240, y: 240 } })
  await expect(stage.getByRole('status')).toHaveText('x 24  y 32  no value')
})

test('a drag changes the window, or moves an enlarged image with the tool for moving', async ({ page, show }) => {
  await show('stage: image')
  const stage = page.getByRole('img', { name: 'Run 3' })
  await drag(page, stage, [180, 0]) // doubles the width of the window, around its level
  await expect(page.locator(CANVAS)).toHaveAttribute('data-low', '-0.5')
  await expect(page.locator(CANVAS)).toHaveAttribute('data-high', '1.5')
  await page.keyboard.press('Space')
  await expect(page.locator(CANVAS)).toHaveAttribute('data-high', '1')
  await page.keyboard.press('P')
  await page.keyboard.press('=')
  await page.keyboard.press('=')
  await drag(page, stage, [-90, 0])
  await expect.poll(() => levels(page)).toEqual([255, 255, 128])
  await expect(page.locator(CANVAS)).toHaveAttribute('data-low', '0')
  await page.keyboard.press('Space')
  await expect.poll(() => levels(page)).toEqual([128, 255, 0])
})

test('the divider of two images follows the arrow keys and the pointer', async ({ page, show }) => {
  await show('stage: swipe')
  const divider = page.getByRole('slider', { name: 'Divider between the two images' })
  await divider.focus()
  await page.keyboard.press('ArrowRight')
  await expect(divider).toHaveAttribute('aria-valuenow', '52')
  await drag(page, divider, [-100, 0])
  await expect(divider).toHaveAttribute('aria-valuenow', /^3\d$/)
  await page.keyboard.press('Escape')
  await expect(page.getByText('No comparison is open.')).toBeVisible()
})

test('blink shows one image and then the other, and overlay mixes both images', async ({ page, show }) => {
  await show('stage: blink')
  // Both runs share the window of the ground truth, whose brightest pixel is 1: run 3 reaches 0.7, run 2 reaches 0.9.
  const right = async () => (await levels(page))[1]
  await expect.poll(right).toBeGreaterThan(0)
  const first = await right()
  await page.getByRole('button', { name: 'Flip images' }).click()
  await expect.poll(right).toBeGreaterThan(first)
  const second = await right()
  await page.getByText('Overlay', { exact: true }).click()
  await expect.poll(right).toBeGreaterThan(first)
  expect(await right()).toBeLessThan(second)
})
