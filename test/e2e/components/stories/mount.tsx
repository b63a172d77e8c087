/** Shows the story that the address names, with the window's providers and style. */
import '@mantine/core/styles.css'
import { QueryClient } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { Providers } from '../../../../src/renderer/shell/providers.tsx'
import { useView } from '../../../../src/renderer/viewer/view.ts'
import '../../../../src/renderer/tokens.css'
import { FORMS } from './forms.tsx'
import style from './mount.module.css'
import { PANES } from './panes.tsx'
import { STAGES } from './stages.tsx'
import type { Story } from './story.ts'

const STORIES = { ...PANES, ...STAGES, ...FORMS }
export type StoryName = keyof typeof STORIES

const name = new URLSearchParams(location.search).get('story') as StoryName
const { size, view, show: Show }: Story = STORIES[name]
if (view) useView.setState(view)

createRoot(document.getElementById('root')!).render(
  <Providers queries={new QueryClient()}>
    <div className={style.story} style={size}>
      <Show />
    </div>
  </Providers>,
)
