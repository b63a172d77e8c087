/** Each test file trains on a device of its own: else they would wait for each other. */
import process from 'node:process'

process.env.SELF_MRI_DEVICE ??= `test-${process.pid}`
