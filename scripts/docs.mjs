/** `npm run docs` writes the generated pages of docs/guide; `npm run docs -- pictures` draws its pictures. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ERRORS } from '../src/contract/errors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export const ERRORS_PAGE = 'docs/guide/errors.md'

const section = ([code, { meaning, remedy, example }]) => `## ${code}

${meaning}

**Remedy.** ${remedy}

**Example.** \`${example}\`
`

/** The page of every error code, from `contract/errors.ts`. */
export const errorsPage = () => `# Error codes

This page is generated from \`src/contract/errors.ts\` by \`npm run docs\`. Edit that file, not this page.

An error message says what happened, in which file, and what to do.
In a message, \`self-mri\` stands for \`npm run -s self-mri --\`, typed in the clone of Self-MRI.
With \`--json\` the command line prints the code: \`{"error": {"code": "RUN_NOT_FOUND", "message": "…"}}\`.
The code is \`null\` if the program itself has a fault. Please report such a fault with the text on standard error.
The exit code is 2 for \`INVALID_ARGUMENT\` and \`STATE_CONFLICT\`, and 1 for most other codes.
[command-line.md](command-line.md) lists all.
[troubleshooting.md](troubleshooting.md) starts from symptoms instead of codes.

${Object.entries(ERRORS).map(section).join('\n')}`

async function main(what = 'pages', profile) {
  if (what === 'pages') return writeFileSync(join(root, ERRORS_PAGE), errorsPage())
  if (what !== 'pictures') throw new Error(`Expected pages or pictures, got ${what}`)
  const { drawPictures } = await import('./docs/pictures.mjs')
  await drawPictures(root, profile)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(...process.argv.slice(2))
