import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import '@mantine/core/styles.css'
import { Notifications } from '@mantine/notifications'
import '@mantine/notifications/styles.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { followHost } from '../app/live.ts'
import { queries } from '../app/refresh.ts'
import { App } from './app.tsx'
import { theme, variables } from './theme.ts'
import '../tokens.css'

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
setNonce(nonce)

const client = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: 30_000, refetchOnWindowFocus: false } },
})
queries.current = client
void followHost(client, new AbortController().signal)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="dark"
      colorSchemeManager={localStorageColorSchemeManager({ key: 'self-mri theme' })}
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" limit={4} containerWidth={400} />
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
