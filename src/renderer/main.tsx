/**
 * The window's entry. zod must know that eval is forbidden before any module makes a schema, so the rest is imported
 * later.
 */
import './no-eval.ts'

void import('./shell/start.tsx')
