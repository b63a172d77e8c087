/** A file that the host wrote: told of where the desktop put it, else downloaded by the browser. */
import { downloadPath } from '../../contract/images.ts'
import { desktop } from './client.ts'
import { tellDone } from './notify.tsx'

/** A file that the host wrote, to where the browser puts its downloads. */
function download(name: string): void {
  const link = document.createElement('a')
  link.href = downloadPath(name)
  link.download = name
  link.click()
}

export function tellSaved({ path, name }: { readonly path: string; readonly name: string }): void {
  if (!desktop) download(name)
  tellDone(`Saved: ${desktop ? path : name}`)
}
