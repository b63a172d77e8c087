/** The app's start: from the start of the headless host to the first image in the viewer, in a running browser. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Browser } from '@playwright/test'
import { partsOf, rowAlone, spread } from '../report.ts'
import type { Bench, Outcome, Work } from './work.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** Imports a script of plain JavaScript, which has no types. */
const script = (...path: string[]) => import(join(root, 'scripts', ...path))

const LABEL = 'The app’s start to the first image'
const LIMIT = spread([3000])
const STARTS = 5

/** The parts of a start, in order. */
const PARTS = ['process started', 'server listening', 'page loaded', 'first image drawn'] as const

/** A module that reports the start of JavaScript in the host's process. */
const TELL = 'data:text/javascript,process.stderr.write("started\\n")'

async function firstLine(stream: Readable, matching: RegExp): Promise<string> {
  for await (const line of createInterface({ input: stream })) {
    const [found] = matching.exec(line) ?? []
    if (found) return found
  }
  throw new Error('The host ended before it was ready')
}

/** Milliseconds from the host's start to the end of each part. */
async function start(browser: Browser, profile: string): Promise<number[]> {
  const begun = performance.now()
  const ends: number[] = []
  const end = () => void ends.push(performance.now() - begun)
  const args = [...process.execArgv, '--import', TELL, join(root, 'src/cli/main.ts'), 'serve', '--json']
  const host = spawn(process.execPath, [...args, '--profile', profile], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(host, 'exit')
  try {
    void firstLine(host.stderr, /^started$/).then(end, () => {})
    const url = await firstLine(host.stdout, /http:\/\/127\.0\.0\.1:[^"\s]+/)
    end()
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(url)
    end()
    await page.waitForSelector('canvas[data-low]')
    end()
    await page.close()
  } finally {
    host.kill('SIGINT')
    await ended
  }
  return ends
}

async function measure({ folder, say }: Bench): Promise<Outcome> {
  const { findChromium } = await script('test', 'chromium.mjs')
  const executablePath: string | undefined = findChromium()
  if (!executablePath) return { checks: [], rows: [], skipped: 'no Chromium was found' }
  const { buildParts } = await script('launch', 'build.mjs')
  await buildParts(root, ['renderer'], { node: process.execPath, flags: process.execArgv })
  const { chromium } = await import('@playwright/test')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const profile = join(folder, 'profile')
    say(`Timing: ${LABEL} …`)
    const first = await start(browser, profile) // The first start also imports the demonstration study.
    const starts: number[][] = []
    while (starts.length < STARTS) starts.push(await start(browser, profile))
    const parts = starts.map(partsOf)
    return {
      checks: [],
      rows: [
        rowAlone(LABEL, spread(starts.map(ends => ends[ends.length - 1])), LIMIT),
        ...PARTS.map((part, i) => rowAlone(`  of which until ${part}`, spread(parts.map(each => each[i])), null)),
        rowAlone(`${LABEL}, of an empty profile`, spread([first[first.length - 1]]), null),
      ],
    }
  } finally {
    await browser.close()
  }
}

export const START: Work = { name: 'start', label: LABEL, measure }
