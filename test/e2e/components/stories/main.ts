/** The entry of the stories' page; zod must know first that eval is forbidden, as in the window. */
import '../../../../src/renderer/no-eval.ts'

void import('./mount.tsx')
