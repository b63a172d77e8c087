/** What the desktop's window has beside the services: the few native calls, as `window.selfMri`. A browser has none. */

/** A dropped DOM `File`; contract knows no DOM. */
interface DroppedFile {
  readonly name: string
  readonly size: number
}

export interface DesktopApi {
  /** `null`: the dialog was closed. */
  openFolder(): Promise<string | null>
  /** Empty: the dialog was closed. */
  openFiles(): Promise<string[]>
  /** Where to save what is called `name`; `null`: the dialog was closed. */
  saveFile(name: string): Promise<string | null>
  /** Only what the app wrote: into the profile, or where `saveFile` said. */
  showInFolder(path: string): Promise<void>
  /** Path of a dropped file on this computer; empty where it has none. */
  pathOf(file: DroppedFile): string
}
