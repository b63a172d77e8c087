/** The desktop in the real Electron. The test is skipped if Electron is missing. */
import { join } from 'node:path'
import process from 'node:process'
import { _electron } from '@playwright/test'
import { expect, root, test } from './host.ts'

const { findElectron, hasDisplay } = await import(join(root, 'scripts', 'launch', 'electron.mjs'))
const { chooseNode } = await import(join(root, 'scripts', 'launch', 'node.mjs'))

test('the desktop’s window shows the app, without Node, and opens no other page', async ({ profile }) => {
  const program = findElectron(root)
  test.skip(!program, 'Electron’s program is not here; npx install-electron fetches it')
  test.skip(!hasDisplay(), 'no display; xvfb-run lends one')
  const { node, flags } = chooseNode(root)
  const desktop = await _electron.launch({
    executablePath: program!,
    // Chromium does not start its sandbox for a root user.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, '--profile', profile],
    env: { ...process.env, SELF_MRI_NODE: node, SELF_MRI_NODE_FLAGS: flags.join(' ') } as Record<string, string>,
  })
  try {
    const page = await desktop.firstWindow()
    const complaints: string[] = []
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await expect(page.getByText('Research use only').first()).toBeVisible()
    expect(page.url()).toMatch(/^app:\/\/self-mri\//)
    expect(await page.evaluate('Object.keys(window.selfMri).sort().join()')).toBe(
      'openFiles,openFolder,pathOf,saveFile,showInFolder',
    )
    expect(await page.evaluate('typeof require + typeof process')).toBe('undefinedundefined')
    await page.evaluate("location.href = 'https://example.com/'")
    await page.waitForTimeout(500)
    expect(page.url()).toMatch(/^app:\/\/self-mri\//)
    expect(complaints).toEqual([])
  } finally {
    await desktop.close()
  }
})
