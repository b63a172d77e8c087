/**
 * Shows one story in the browser, with the window's page, build and content security policy.
 * Each test ends with the accessibility check, and fails on an error of the console or the policy.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test as base, expect, type Page } from '@playwright/test'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { sendAsset } from '../../../src/services/http/assets.ts'
import { collectFaults, expectAccessible, PICTURES } from '../page.ts'
import { type Answers, answer } from './host.ts'
import type { StoryName } from './stories/mount.tsx'

const HOST = 'http://localhost:4999'
const WINDOW = fileURLToPath(new URL('../../../src/renderer', import.meta.url))
const ENTRY = '../../test/e2e/components/stories/main.ts'

/** The window's page, with the stories' entry in place of the window's entry. */
async function buildStories(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: WINDOW,
    logLevel: 'error',
    plugins: [
      react(),
      {
        name: 'self-mri:stories',
        transformIndexHtml: { order: 'pre', handler: html => html.replace('./main.tsx', ENTRY) },
      },
    ],
    build: { outDir, minify: false, rolldownOptions: { input: join(WINDOW, 'index.html') } },
  })
}

async function serve(page: Page, folder: string, answers: Answers): Promise<void> {
  await page.route(`${HOST}/**`, async route => {
    if (await answer(route, answers)) return
    const parts = decodeURIComponent(new URL(route.request().url()).pathname).split('/').slice(1)
    const asset = await sendAsset(folder, parts)
    const body = Buffer.from(await asset.arrayBuffer())
    await route.fulfill({ status: asset.status, headers: Object.fromEntries(asset.headers), body })
  })
}

type Show = (story: StoryName, answers?: Answers) => Promise<void>

/** `show` opens a story. An error on the console or of the policy fails the test. */
export const test = base.extend<{ show: Show }, { built: string }>({
  built: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern.
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'self-mri-stories-'))
      await buildStories(folder)
      await use(folder)
      rmSync(folder, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  show: async ({ page, built }, use) => {
    const faults: string[] = []
    await collectFaults(page, faults)
    await use(async (story, answers = {}) => {
      await serve(page, built, answers)
      await page.setViewportSize({ width: 1024, height: 700 })
      await page.goto(`${HOST}/?story=${encodeURIComponent(story)}`)
    })
    expect(faults).toEqual([])
  },
})

/** Role and name of the focused control, for example 'button "More of run 3"'. */
async function focused(page: Page): Promise<string> {
  const [line] = (await page.locator(':focus').ariaSnapshot()).split('\n')
  // A line with a colon in the name is in single quotes.
  const [, name] = /^- '?(\w+(?: "(?:[^"\\]|\\.)*")?(?: \[[^\]]+\])*)/.exec(line) ?? [null, line]
  return name.replace(/ \[active\]/, '')
}

/** The controls that Tab reaches, in their order, from the top of the page to its end. */
export async function tabOrder(page: Page): Promise<string[]> {
  const names: string[] = []
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  while (true) {
    await page.keyboard.press('Tab')
    if ((await page.locator(':focus').count()) === 0 || names.length > 50) return names
    names.push(await focused(page))
  }
}

/** Elements whose content overflows visibly, and covers the elements beside them. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('#root *:not(svg *)')]
      .filter(element => {
        const { overflowX, overflowY, display } = getComputedStyle(element)
        const wide = element.scrollWidth > element.clientWidth + 1 && overflowX === 'visible'
        const high = element.scrollHeight > element.clientHeight + 1 && overflowY === 'visible'
        return element.textContent !== '' && display !== 'inline' && element.clientWidth > 1 && (wide || high)
      })
      .map(({ tagName, className, textContent }) => `${tagName} ${className} ${textContent.slice(0, 80)}`),
  )
}

interface Expected {
  /** The name of the story, if it differs from the name of the test. */
  readonly story?: StoryName
  readonly answers?: Answers
  /** Words that the story shows once it is complete. */
  readonly shows: string | RegExp
  readonly tab: readonly string[]
}

/** Tests that each story shows its words, is accessible, has its order of focus, and that no content covers another. */
export function checkStories(stories: Readonly<Record<string, Expected>>): void {
  for (const [name, { story, answers, shows, tab }] of Object.entries(stories)) {
    test(name, async ({ page, show }) => {
      await show(story ?? (name as StoryName), answers)
      await expect(page.locator('#root')).toContainText(shows)
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `component ${name.replace(':', '')}.png`) })
      expect.soft(await overflowing(page)).toEqual([])
      expect.soft(await tabOrder(page)).toEqual(tab)
      await expectAccessible(page)
    })
  }
}

export { expect } from '@playwright/test'
