/** The window begins: schemas may be made only once zod knows that there is no eval, whatever chunks the bundler puts them in. */
import './no-eval.ts'

void import('./shell/start.tsx')
