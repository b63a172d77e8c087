/** What can be chosen: networks, methods, recipes. Command lines and forms are made from these tables. */
export { NETWORKS, networkOf } from '../core/models/index.ts'
export { METHODS, methodOf } from '../core/ssl/index.ts'
export { BASELINE, FINE_TUNING } from '../core/training/recipes.ts'
