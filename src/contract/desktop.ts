/** The native calls of the desktop's window, as `window.selfMri`. In a browser they are absent. */

/** A dropped DOM `File`. Declared here, because `contract` has no DOM types. */
interface DroppedFile {
  readonly name: string
  readonly size: number
}

export interface DesktopApi {
  /** `null`: the dialog was closed. */
  openFolder(): Promise<string | null>
  /** Empty: the dialog was closed. */
  openFiles(): Promise<string[]>
  /** Asks where to save a file; the dialog suggests `name`. `null`: the dialog was closed. */
  saveFile(name: string): Promise<string | null>
  /** Shows only files that the app wrote: in the profile, or at a path from `saveFile`. */
  showInFolder(path: string): Promise<void>
  /** Path of a dropped file on this computer. Empty if the file has no path. */
  pathOf(file: DroppedFile): string
}
