/** A volume's picture in lists, fetched when it comes into sight. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useLayoutEffect, useRef } from 'react'
import { FRAME_HEADER, THUMBNAIL, thumbnailPath } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { putPixels } from './canvas.ts'
import { GREY } from './drawing.ts'
import style from './thumbnail.module.css'
import { contentOf } from './versions.ts'

interface Picture {
  readonly shape: readonly [number, number]
  readonly pixels: Uint8Array
}

async function download(volume: number): Promise<Picture> {
  const response = await fetch(thumbnailPath(volume))
  if (!response.ok) throw new Error(`The host answered ${response.status}`)
  const { shape } = JSON.parse(response.headers.get(FRAME_HEADER)!)
  return { shape, pixels: new Uint8Array(await response.arrayBuffer()) }
}

/** The list that shows it renders only what is in sight. */
export function Thumbnail({ volume, size }: { volume: StudyVolume; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { data } = useQuery({
    queryKey: ['thumbnail', volume.id, volume.path, contentOf(volume)],
    queryFn: () => download(volume.id),
    placeholderData: keepPreviousData, // until the other contents' picture comes
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  useLayoutEffect(() => {
    if (!data || !canvas.current) return
    putPixels(canvas.current, data.shape, pixels => pixels.set(Array.from(data.pixels, level => GREY[level])))
  }, [data])
  return (
    <span className={style.frame} style={{ width: size, height: size }}>
      <canvas ref={canvas} className={style.picture} width={THUMBNAIL} height={THUMBNAIL} hidden={!data} />
    </span>
  )
}
