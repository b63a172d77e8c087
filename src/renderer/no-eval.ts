/** Comes before any schema: zod compiles them by eval else, which the content security policy forbids. */
import { z } from 'zod'

z.config({ jitless: true })
