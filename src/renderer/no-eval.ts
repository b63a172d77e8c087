/** Imported before any schema: otherwise zod compiles schemas with eval, which the content security policy forbids. */
import { z } from 'zod'

z.config({ jitless: true })
