/** Shows the story that the address names, with the window's providers and style. */
import '@mantine/core/styles.css'
import { QueryClient } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { useLive } from '../../../../src/renderer/app/live.ts'
import { Providers } from '../../../../src/renderer/shell/providers.tsx'
import { useView } from '../../../../src/renderer/viewer/view.ts'
import '../../../../src/renderer/tokens.css'
import { EXECUTION } from './execution.tsx'
import { FORMS } from './forms.tsx'
import style from './mount.module.css'
import { PANES } from './panes.tsx'
import { STAGES } from './stages.tsx'
import type { Story } from './story.ts'

const STORIES = { ...PANES, ...STAGES, ...FORMS, ...EXECUTION }
export type StoryName = keyof typeof STORIES

const name = new URLSearchParams(location.search).get('story') as StoryName
const { size, view, live, data = {}, show: Show }: Story = STORIES[name]
if (view) useView.setState(view)
if (live) useLive.setState(live)
const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } })
for (const [key, answer] of Object.entries(data)) queries.setQueryData(key.split('/'), answer)

createRoot(document.getElementById('root')!).render(
  <Providers queries={queries}>
    <div className={style.story} style={size}>
      <Show />
    </div>
  </Providers>,
)
