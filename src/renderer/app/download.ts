/** Hands a file that the host wrote to the user: the desktop names its path, a browser downloads it. */
import { downloadPath } from '../../contract/images.ts'
import { desktop } from './client.ts'
import { tellDone, tellError } from './notify.tsx'

function download(name: string): void {
  const link = document.createElement('a')
  link.href = downloadPath(name)
  link.download = name
  link.click()
}

interface Saved {
  readonly path: string
  readonly name: string
  /** What the file cannot hold. */
  readonly remarks?: readonly string[]
}

/** Tells that a file was saved. In a browser, also downloads the file. */
export function tellSaved({ path, name, remarks = [] }: Saved): void {
  if (!desktop) download(name)
  tellDone(`Saved: ${desktop ? path : name}`)
  for (const remark of remarks) tellError(new Error(remark), 'About the saved file')
}
