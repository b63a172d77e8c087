/**
 * Dropping on the window: a folder becomes a study, files of k-space are opened to be reconstructed, a checkpoint is
 * imported.
 */
import { useEffect, useState } from 'react'
import { VOLUME_ENDINGS } from '../../contract/file-endings.ts'
import { tellError } from '../app/notify.tsx'
import { type BroughtFile, openFiles, openFolder } from '../studies/bring.ts'
import { useTrainable } from '../viewer/open-study.ts'
import style from './app.module.css'

interface Dropped {
  readonly entry: FileSystemEntry | null
  readonly file: File | null
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))

/** A folder's entries come in batches, until an empty one. */
async function filesIn(entry: FileSystemEntry, path: string): Promise<BroughtFile[]> {
  if (entry.isFile) return [{ file: await fileOf(entry as FileSystemFileEntry), path }]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const files: BroughtFile[] = []
  while (true) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return files
    for (const child of batch) files.push(...(await filesIn(child, `${path}/${child.name}`)))
  }
}

async function take(dropped: readonly Dropped[], study: number | null): Promise<void> {
  const folders = dropped.filter(({ entry }) => entry?.isDirectory)
  for (const { entry, file } of folders) await openFolder(entry!.name, file, await filesIn(entry!, entry!.name))
  const files = dropped.flatMap(({ entry, file }) => (file && !entry?.isDirectory ? [{ file, path: file.name }] : []))
  await openFiles(files, study)
}

export function DropTarget() {
  const [over, setOver] = useState(false)
  const study = useTrainable().first?.id ?? null
  useEffect(() => {
    const listening = new AbortController()
    const { signal } = listening
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      setOver(false)
      // Read at once: the list is empty after this turn of the event loop.
      const dropped = [...event.dataTransfer!.items].map(item => ({
        entry: item.webkitGetAsEntry(),
        file: item.getAsFile(),
      }))
      take(dropped, study).catch(error => tellError(error, 'The dropped files could not be opened'))
    }
    addEventListener('dragenter', enter, { signal })
    addEventListener('dragover', enter, { signal })
    addEventListener('dragleave', event => event.relatedTarget === null && setOver(false), { signal })
    addEventListener('drop', drop, { signal })
    return () => listening.abort()
  }, [study])
  if (!over) return null
  return (
    <div className={style.dropping}>
      <strong>Drop to open</strong>
      <span className="secondary">
        a folder becomes a study · files of k-space ({VOLUME_ENDINGS.join(', ')}) are reconstructed · a checkpoint
        (.safetensors, .pt, .ckpt) is imported
      </span>
    </div>
  )
}
