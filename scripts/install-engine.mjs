/** Installs TensorFlow if it is missing, and shows the progress on standard error. */
import { installEngine } from '../src/engine/install/install.ts'

export function installEngineAloud() {
  let shown = ''
  const onProgress = ({ label, fraction }) => {
    const line = fraction === null ? `${label} …` : `${label}: ${Math.floor(fraction * 10) * 10} %`
    if (line !== shown) console.error(line)
    shown = line
  }
  return installEngine({ onProgress })
}
