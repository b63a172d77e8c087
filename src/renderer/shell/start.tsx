import '@mantine/core/styles.css'
import { Notifications } from '@mantine/notifications'
import '@mantine/notifications/styles.css'
import { QueryClient } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { followHost } from '../app/live.ts'
import { queries } from '../app/refresh.ts'
import { App } from './app.tsx'
import { Providers } from './providers.tsx'
import '../tokens.css'

const client = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: 30_000, refetchOnWindowFocus: false } },
})
queries.current = client
void followHost(client, new AbortController().signal)

createRoot(document.getElementById('root')!).render(
  <Providers queries={client}>
    <Notifications position="bottom-right" limit={4} containerWidth={400} />
    <App />
  </Providers>,
)
