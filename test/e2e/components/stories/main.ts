/** The entry of the stories' page. As in the window, the first import tells zod that eval is forbidden. */
import '../../../../src/renderer/no-eval.ts'

void import('./mount.tsx')
